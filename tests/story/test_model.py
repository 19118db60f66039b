"""The model of the fault harness: what it calls right must be right, and nothing else."""

from dataclasses import replace

from tests.story.harness.model import Change, Model, Row, Target, Verdict

ROW = Row(
    id="a",
    starts_at=100.0,
    scheduled_until=200.0,
    ends="on_time",
    ended_at=None,
    cancelled=False,
    gate="closed",
    hosts=(),
    paths=(),
)
GET, POST = Target("GET", "shop.example", "/cart/items"), Target("POST", "shop.example", "/cart/items")


def change(committed: float, row: Row | None, *, within: float = 1.0) -> Change:
    return Change(committed=committed, window="a", row=row, known_by=committed + within)


def right(model: Model, begin: float, end: float, target: Target = GET, *, uncertain: float = 0.0) -> set[Verdict]:
    return model.verdicts(target, begin, end, uncertain=uncertain)


def test_a_window_starts_and_ends_by_time_alone() -> None:
    """At its start it is in force, at its end no longer; a request around an edge may be answered either way."""
    model = Model([change(50, ROW)])
    assert right(model, 99.8, 99.9) == {Verdict.FORWARDED}
    assert right(model, 99.9, 100.1) == {Verdict.FORWARDED, Verdict.CLOSED}
    assert right(model, 100.0, 199.9) == {Verdict.CLOSED}
    assert right(model, 200.0, 201.0) == {Verdict.FORWARDED}
    assert right(model, 200.001, 201.0, uncertain=0.005) == {Verdict.FORWARDED, Verdict.CLOSED}


def test_a_change_may_be_unknown_for_a_while_and_no_longer() -> None:
    """Either state is right until it has to be known; before the commit only the former one is."""
    ended = replace(ROW, ended_at=150.0)
    model = Model([change(50, ROW), change(150.001, ended)])
    assert right(model, 149.0, 149.5) == {Verdict.CLOSED}
    assert right(model, 150.5, 150.6) == {Verdict.FORWARDED, Verdict.CLOSED}
    assert right(model, 151.1, 151.2) == {Verdict.FORWARDED}


def test_who_knows_a_later_change_knows_the_earlier_ones() -> None:
    """A change that nobody was told of is known with the next one."""
    quiet = change(150, replace(ROW, gate="none"), within=3)
    model = Model([change(50, ROW), quiet, change(150.2, replace(ROW, gate="read_only"))])
    assert right(model, 150.3, 150.4, POST) == {Verdict.CLOSED, Verdict.FORWARDED, Verdict.READ_ONLY}
    assert right(model, 151.3, 151.4, POST) == {Verdict.READ_ONLY}
    assert right(model, 151.3, 151.4, GET) == {Verdict.FORWARDED}


def test_the_strictest_window_wins_and_a_scope_is_hosts_and_paths() -> None:
    """`/cart` covers what lies below it; `*.shop.example` covers no `shop.example`."""
    cart = replace(ROW, gate="read_only", paths=("/cart",))
    below = Change(committed=60, window="b", row=replace(ROW, id="b", hosts=("*.shop.example",)), known_by=61)
    model = Model([change(50, cart), below])
    assert right(model, 120, 121, POST) == {Verdict.READ_ONLY}
    assert right(model, 120, 121, Target("POST", "shop.example", "/carting")) == {Verdict.FORWARDED}
    assert right(model, 120, 121, Target("POST", "eu.shop.example", "/cart")) == {Verdict.CLOSED}


def test_what_is_deleted_or_cancelled_gates_nothing() -> None:
    """Also where it was in force a moment before."""
    for row in (None, replace(ROW, cancelled=True)):
        model = Model([change(50, ROW), change(150, row)])
        assert right(model, 151.1, 152) == {Verdict.FORWARDED}
