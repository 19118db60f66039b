"""Side-by-side measurements of the gateway and its peers, in one run: `python -m bench`, or `make bench`.

Words:
    peer: a program that does the same job as the gateway, and the gateway itself (`peers.py`).
    lab: the work directory, the cores, and all programs that run there (`lab.py`).
    load: what wrk sends, and what it counted (`load.py`).
    row: one thing that is measured of every peer, such as CPU time per forwarded request (`rows.py`).
    round: every peer measured once, one after the other. Rounds are repeated, so that what disturbs the machine
        disturbs all peers; the median of the rounds counts, and its ratio to nginx more than its absolute value.

A new row is one class in `rows.py`, a new peer one class in `peers.py`; each is then named in the tuple at the end.
"""


class BenchError(Exception):
    """A measurement cannot be made, or its result would be wrong; the message says why."""
