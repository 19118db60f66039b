"""A soak: minutes of mixed load on a real gateway, with clients that misbehave: `python -m bench.soak`, or `make soak`.

Words:
    application: what stands behind the gateway, and keeps a record of every request that it saw (`application.py`).
    stays: a request whose client takes the whole answer, and knows what is right; `customers.py`.
    leaves: a request whose client vanishes, resets or breaks the rules on purpose; `troublemakers.py`.
    record: one request as the application saw it, by the id that the gateway gave it.
    answered, cancelled: how a record ends: the application has handed over its whole answer; or the gateway has closed
        or reset the connection before.
    check: one thing that must hold at the end, exactly (`checks.py`).
"""
