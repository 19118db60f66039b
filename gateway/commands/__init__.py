"""The command line: `gateway ...`.

Two families. Commands *on the host* (`serve`, `demo`, `check`, `migrate`, `user`, `token`) read the settings and go
straight to the database; commands *over the API* (`window`, `component`) need an address and a token and work from
anywhere. Data goes to standard output, talk to standard error; exit codes stand in `failures.py`.
"""
