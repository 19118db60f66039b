"""The fault harness: gateways under load and under faults, each answer held against a model: `make storm`.

Words:
    storm: windows that start, change and end at random while load runs over all gateways; with faults where wanted.
    application: what stands behind the gateways; it counts each request by its number (`application.py`).
    life: what happens to one window from its making to its end (`lives.py`), by the API's hand or psql's (`hands.py`).
    history: every row of `windows` as PostgreSQL has committed it, with the time of the commit; the harness's own
        trigger writes it (`history.py`), so that the model believes nobody but the server.
    model: what the verdict on a target had to be, at any instant, by the history alone (`model.py`). It shares no code
        with the gateway.
    edge: an instant at which a verdict changes by time alone.
    known by: from then on no gateway may be without a change: its commit and the time allowed for propagation.
    probe: a request on a connection of its own, sent over and over around a change (`probes.py`).
    fault: what is done to PostgreSQL or a gateway (`faults.py`), and the instant by which all must be in step again.
    account: every request, held against the model and the application's counts (`account.py`).

Times are seconds of the monotonic clock, which all processes of a machine share; `clock.py` puts them on PostgreSQL's.
"""
