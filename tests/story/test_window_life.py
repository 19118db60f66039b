"""Windows that go otherwise than planned: overdue, ended by mistake, not about everything; as customers see it."""

import json

import pytest

from tests.render.reading import Page
from tests.story.conftest import Stage
from tests.story.customers import Customer, fetch
from tests.story.processes import eventually

pytestmark = [pytest.mark.story, pytest.mark.usefixtures("no_window_left")]

BROWSER = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


def started(stage: Stage, *options: str) -> str:
    done = stage.command("window", "start", "--title", "Database upgrade", *options)
    assert done.code == 0, done
    return done.out.strip()


def state(stage: Stage, window: str) -> str:
    return str(stage.command("window", "show", window, "--json").json["state"])


def test_an_overdue_window_stays_and_promises_nothing(stage: Stage) -> None:
    """Past its estimate: still 503, `Retry-After` by the setting, and nobody reads a time that has passed."""
    window = started(stage, "--for", "1s")
    eventually(lambda: state(stage, window) == "overrunning")
    refused = fetch(stage.shop.port, "/status/200", headers=BROWSER)
    assert (refused.status, refused.header("Retry-After")) == (503, "300")
    assert "Taking longer than planned" in Page(refused.body).text
    assert "Estimated end" not in Page(refused.body).text
    problem = fetch(stage.shop.port, "/status/200", headers={"Accept": "application/json"})
    assert (problem.status, problem.header("Retry-After")) == (503, "300")
    status = Page(fetch(stage.shop.port, "/_maintenance/", headers={"Accept": "text/html"}).body).text
    assert "Taking longer than planned" in status
    assert "Estimated end" not in status
    extended = stage.command("window", "extend", window, "--by", "30m", "--json").json
    assert extended["state"] == "active"
    again = fetch(stage.shop.port, "/status/200", headers=BROWSER)
    # An estimate from now on is in whole seconds, and both are rounded up.
    assert 1790 < int(again.header("Retry-After") or 0) <= 1801
    assert "Taking longer than planned" not in Page(again.body).text


def test_a_window_that_was_ended_by_mistake_is_put_in_force_again(stage: Stage) -> None:
    """At every gateway, as if it had not ended; the fence counts anew."""
    with Customer(stage.shop) as first, Customer(stage.chat, "/here") as second:
        window = started(stage, "--for", "45m")
        planned = stage.command("window", "show", window, "--json").json["scheduled_until"]
        for expected, verb in (([200, 503, 200], "end"), ([200, 503, 200, 503], "reopen")):
            done = stage.command("window", verb, window)
            assert done.code == 0, done
            for customer in (first, second):
                eventually(lambda customer=customer, expected=expected: customer.story == expected)
        shown = stage.command("window", "show", window, "--json").json
        assert (shown["state"], shown["fixed"], shown["scheduled_until"]) == ("active", False, planned)
        assert stage.command("fence", window, "--wait", "30s").code == 0
        assert stage.psql("select action from audit order by id desc limit 1") == "window.reopened"


def test_a_window_is_not_about_what_it_leaves_out(stage: Stage) -> None:
    """Plainly so; and the preview says the same as happens, in the gateway's own words."""
    started(stage, "--path", "/anything", "--except-path", "/anything/help")
    for path, status in (
        ("/anything/help/a", 200),
        ("/anything/shop", 503),
        ("/anything/help/../shop", 503),
        ("/anything/help/%2e%2e/shop", 503),
        ("/anything/help;x", 503),
        ("/status/200", 200),
    ):
        assert fetch(stage.shop.port, path).status == status, path
        told = stage.command("window", "preview", path, "--json").json
        assert (told["verdict"] == "refuse") is (status == 503), told
    problem = fetch(stage.shop.port, "/anything/shop", headers={"Accept": "application/json"})
    assert json.loads(problem.body)["status"] == 503
