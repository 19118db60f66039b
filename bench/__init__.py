"""Side-by-side measurements of the gateway and its peers, in one run: `python -m bench`, or `make bench`.

Words:
    peer: a program that does the same job as the gateway, and the gateway itself (`peers/`).
    lab: the work directory, the cores, and all programs that run there (`lab.py`).
    load: what is sent, and what was counted: by wrk as fast as it is answered (`load.py`), by h2load at a rate
        (`paced.py`), in large bodies (`transfer.py`).
    row: one thing that is measured of every peer, such as CPU time per forwarded request (`rows/`).
    line: one figure of a row, most often a peer's.
    mark: the greatest figure of a line that is good enough (`marks.py`).
    round: every line measured once, one after the other. Rounds are repeated, so that what disturbs the machine
        disturbs all peers; the median of the rounds counts, and its ratio to nginx more than its absolute value.

A new row is one class in `rows/`, a new peer one class in `peers/`; each is then named in the tuple at the end of the
package. A peer whose program is missing is left out and named.
"""


class BenchError(Exception):
    """A measurement cannot be made, or its result would be wrong; the message says why."""
