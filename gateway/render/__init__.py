"""What people and machines read: pages, problems and text made from a `Moment`.

`contexts.py` turns domain values into one frozen context per template, `environment.py` owns the one Jinja2
environment, `pages.py` puts both together into bytes. No function here knows a request or a clock.

A page says only what stays true for the whole of its moment: absolute times and planned lengths, never "in 12
minutes". So the data plane may render once per moment (edge/answers.py) and serve the bytes until the next change.
"""
