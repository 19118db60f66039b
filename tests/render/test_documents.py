"""What machines read: the problem and the status document."""

import json
from typing import Any

from gateway.domain.component import Visibility
from gateway.domain.window import Gate, Kind
from gateway.render.documents import status_document
from gateway.render.look import Branding
from gateway.render.pages import problem
from tests.render.samples import BRANDING, EN, HOUR, START, UNKNOWN, busy, component, effect, moment, window


def read(body: bytes) -> Any:
    return json.loads(body)


def test_a_refusal_is_a_problem_that_names_the_windows() -> None:
    """RFC 9457: type, title, status, detail; and the windows with when they are expected to end."""
    document = read(problem(busy(), BRANDING, EN, read_only=False))
    assert document["type"] == "/_maintenance/problems/maintenance"
    assert document["status"] == 503
    assert document["title"] == "Acme Shop is down for maintenance"
    first = document["windows"][0]
    assert (first["title"], first["kind"], first["state"]) == ("Database upgrade", "maintenance", "active")
    assert (first["starts_at"], first["estimated_end"]) == ("2026-12-01T22:00:00Z", "2026-12-01T22:45:00Z")
    assert first["estimated_duration"] == "PT45M"
    assert first["updates"][0]["body"] == "We are checking every part."


def test_a_refused_write_has_a_type_of_its_own() -> None:
    """A read-only gate says which methods work, and that this one was not processed."""
    document = read(problem(moment(window(gate=Gate.READ_ONLY)), BRANDING, EN, read_only=True))
    assert document["type"] == "/_maintenance/problems/read-only"
    assert "GET, HEAD and OPTIONS" in document["detail"]
    assert "not processed" in document["detail"]


def test_an_estimate_that_has_passed_is_none() -> None:
    """A program must not wait for a time in the past either."""
    document = read(problem(moment(window(), at=START + 3 * HOUR), BRANDING, EN, read_only=False))
    assert document["windows"][0]["state"] == "overrunning"
    assert document["windows"][0]["estimated_end"] is None


def test_scope_and_reminders_are_not_told_to_customers() -> None:
    """Which hosts and paths a window covers is the operators' business."""
    document = read(problem(busy(), BRANDING, EN, read_only=False))
    assert not {"scope", "reminders", "recurrence"} & document["windows"][0].keys()


def test_the_status_document_has_components_as_shown() -> None:
    """Components with the status that customers meet, windows by what they are now."""
    document = status_document(busy(), BRANDING, EN)
    assert document["known"] is True
    assert document["gated"] is True
    assert document["version"] == 7
    assert {c["slug"]: c["status"] for c in document["components"]} == {
        "website": "operational",
        "api": "major_outage",
        "database": "under_maintenance",
        "mail": "degraded_performance",
    }
    titles = {name: [w["title"] for w in windows] for name, windows in document["windows"].items()}
    assert titles == {
        "active": ["Database upgrade", "Slow e-mail delivery"],
        "upcoming": ["Network maintenance"],
        "past": ["Checkout errors"],
    }
    assert json.loads(json.dumps(document)) == document


def test_unknown_is_not_the_same_as_well() -> None:
    """With no state ever read, `known` is false."""
    document = status_document(UNKNOWN, Branding(product="Acme", support_email="", prefix="/m"), EN)
    assert (document["known"], document["version"], document["support_email"]) == (False, None, None)


def test_a_window_that_does_not_gate_is_no_gate() -> None:
    """`gated` is about traffic, not about windows."""
    seen = moment(window(kind=Kind.DEGRADATION, gate=Gate.NONE))
    assert status_document(seen, BRANDING, EN)["gated"] is False


def test_hidden_components_are_in_no_document() -> None:
    """Not by themselves, and not in what windows name; SREs know them from the API."""
    secret = component("secret", visibility=Visibility.HIDDEN)
    seen = moment(window(components=(effect("secret", "major_outage"), effect("api", "major_outage"))),
                  components=(component("api"), secret))  # fmt: skip
    for document in (status_document(seen, BRANDING, EN), json.loads(problem(seen, BRANDING, EN, read_only=False))):
        assert "secret" not in json.dumps(document)
        assert "api" in json.dumps(document)
