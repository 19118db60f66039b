"""The Statuspage documents: exact names and types, and what of ours is what of theirs."""

import re
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.component import ComponentStatus, Visibility
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind
from gateway.render.statuspage import DOCUMENTS, StatuspageDocuments
from tests.render.samples import BRANDING, HOUR, MINUTE, START, UNKNOWN, busy, component, effect, moment, update, window

URL = "https://acme.example/_maintenance/"
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
OPTIONAL_TEXT = (str, type(None))
PAGE = {"id": str, "name": str, "url": str, "time_zone": str, "updated_at": str}
COMPONENT = {
    "id": str,
    "name": str,
    "status": str,
    "created_at": str,
    "updated_at": str,
    "position": int,
    "description": OPTIONAL_TEXT,
    "showcase": bool,
    "start_date": OPTIONAL_TEXT,
    "group_id": OPTIONAL_TEXT,
    "page_id": str,
    "group": bool,
    "only_show_if_degraded": bool,
}
UPDATE = {
    "id": str,
    "status": str,
    "body": str,
    "incident_id": str,
    "created_at": str,
    "updated_at": str,
    "display_at": str,
    "affected_components": (list, type(None)),
    "deliver_notifications": bool,
    "custom_tweet": OPTIONAL_TEXT,
    "tweet_id": (int, type(None)),
}
INCIDENT = {
    "id": str,
    "name": str,
    "status": str,
    "created_at": str,
    "updated_at": str,
    "monitoring_at": OPTIONAL_TEXT,
    "resolved_at": OPTIONAL_TEXT,
    "impact": str,
    "shortlink": str,
    "started_at": str,
    "page_id": str,
    "incident_updates": list,
    "components": list,
}
MAINTENANCE = {**INCIDENT, "scheduled_for": str, "scheduled_until": str}


def documents(seen: Moment) -> StatuspageDocuments:
    return StatuspageDocuments(seen, BRANDING, URL)


def is_like(document: dict[str, Any], shape: dict[str, Any]) -> None:
    assert document.keys() == shape.keys()
    for name, kind in shape.items():
        assert isinstance(document[name], kind), name
        if name.endswith("_at") and document[name] is not None:
            assert INSTANT.fullmatch(document[name])


def test_names_and_types_are_theirs() -> None:
    """Clients of Statuspage read strictly: no field is missing, none is of another type, none is new."""
    summary = documents(busy()).summary()
    assert summary.keys() == {"page", "components", "incidents", "scheduled_maintenances", "status"}
    is_like(summary["page"], PAGE)
    is_like(summary["status"], {"indicator": str, "description": str})
    for each in summary["components"]:
        is_like(each, {**COMPONENT, "components": list} if each["group"] else COMPONENT)
    assert summary["incidents"]
    assert summary["scheduled_maintenances"]
    for entries, shape in ((summary["incidents"], INCIDENT), (summary["scheduled_maintenances"], MAINTENANCE)):
        for entry in entries:
            is_like(entry, shape)
            for each in entry["incident_updates"]:
                is_like(each, UPDATE)
            for each in entry["components"]:
                is_like(each, COMPONENT)


def test_each_document_has_its_own_part() -> None:
    """Maintenance is scheduled maintenance; downtime and degradation are incidents; by what they are now."""
    made = documents(busy())
    found = {name: write(made) for name, write in DOCUMENTS.items()}
    names = {
        name: {entry["name"] for part in ("incidents", "scheduled_maintenances") for entry in document.get(part, ())}
        for name, document in found.items()
    }
    assert names == {
        "summary": {"Slow e-mail delivery", "Database upgrade", "Network maintenance"},
        "status": set(),
        "components": set(),
        "incidents": {"Slow e-mail delivery", "Checkout errors"},
        "incidents/unresolved": {"Slow e-mail delivery"},
        "scheduled-maintenances": {"Database upgrade", "Network maintenance"},
        "scheduled-maintenances/upcoming": {"Network maintenance"},
        "scheduled-maintenances/active": {"Database upgrade"},
    }
    assert all(document["page"] == found["status"]["page"] for document in found.values())


def test_an_announcement_and_a_downtime_to_come_are_no_incidents() -> None:
    """An incident is something that is, or was, the matter."""
    announced = window(1, kind=Kind.ANNOUNCEMENT, gate=Gate.NONE)
    planned = window(2, kind=Kind.DOWNTIME, starts_at=START + 5 * HOUR)
    made = documents(moment(announced, planned))
    assert made.incidents()["incidents"] == []
    assert made.maintenances()["scheduled_maintenances"] == []
    assert made.status()["status"] == {"indicator": "none", "description": "All Systems Operational"}


@pytest.mark.parametrize(
    ("windows", "statuses", "indicator"),
    [
        ((), ("operational",), "none"),
        ((), ("under_maintenance",), "maintenance"),
        ((), ("degraded_performance", "under_maintenance"), "minor"),
        ((), ("partial_outage",), "major"),
        ((), ("major_outage",), "critical"),
        ((window(1),), (), "maintenance"),
        ((window(1, kind=Kind.DEGRADATION, gate=Gate.NONE),), (), "minor"),
        ((window(1, kind=Kind.DOWNTIME, gate=Gate.READ_ONLY),), (), "major"),
        ((window(1, kind=Kind.DOWNTIME), window(2)), (), "critical"),
    ],
)
def test_the_indicator_is_the_worst_of_all(windows: Any, statuses: Any, indicator: str) -> None:
    """Of windows in force and of components."""
    parts = tuple(component(f"c{n}", status=ComponentStatus(status)) for n, status in enumerate(statuses))
    assert documents(moment(*windows, components=parts)).status()["status"]["indicator"] == indicator


def test_a_status_follows_the_posts_while_the_window_is_in_force() -> None:
    """A post says more than the state; but a post alone ends nothing."""

    def status(kind: Kind, *posts: str, **values: Any) -> str:
        made = [update(post, "Word.", START + n * MINUTE, n) for n, post in enumerate(posts)]
        seen = moment(window(1, kind=kind, updates=tuple(made), **values))
        document = documents(seen).maintenances()["scheduled_maintenances"] + documents(seen).incidents()["incidents"]
        return str(document[0]["status"])

    assert status(Kind.MAINTENANCE) == "in_progress"
    assert status(Kind.MAINTENANCE, "in_progress", "verifying") == "verifying"
    assert status(Kind.MAINTENANCE, "scheduled") == "in_progress"
    assert status(Kind.MAINTENANCE, "completed") == "in_progress"
    assert status(Kind.MAINTENANCE, "verifying", ended_at=START + 5 * MINUTE) == "completed"
    assert status(Kind.MAINTENANCE, starts_at=START + HOUR) == "scheduled"
    assert status(Kind.DOWNTIME) == "investigating"
    assert status(Kind.DOWNTIME, "investigating", "identified") == "identified"
    assert status(Kind.DOWNTIME, "resolved") == "investigating"
    assert status(Kind.DOWNTIME, ended_at=START + 5 * MINUTE) == "resolved"


def test_a_window_over_tells_when() -> None:
    """`resolved_at` is the real end, `monitoring_at` the first word of it."""
    posts = (
        update("monitoring", "Watching.", START + 3 * MINUTE, 5),
        update("resolved", "Done.", START + 5 * MINUTE, 6),
    )
    over = window(1, kind=Kind.DOWNTIME, updates=posts, ended_at=START + 6 * MINUTE)
    [incident] = documents(moment(over)).incidents()["incidents"]
    assert incident["resolved_at"] == "2026-12-01T22:06:00.000Z"
    assert incident["monitoring_at"] == "2026-12-01T22:03:00.000Z"
    assert [each["status"] for each in incident["incident_updates"]] == ["resolved", "monitoring"]


def test_texts_are_plain_and_the_description_is_the_first_update() -> None:
    """Clients show bodies as they are: no Markdown, no HTML."""
    [upgrade] = documents(busy()).active_maintenances()["scheduled_maintenances"]
    first = upgrade["incident_updates"][-1]
    assert first["status"] == "scheduled"
    assert first["body"].startswith("We are moving our database to PostgreSQL 18 for faster searches.")


def test_hidden_components_are_nowhere() -> None:
    """Not in the list, not in a window, not in what a group counts."""
    parts = (component("api"), component("vault", visibility=Visibility.HIDDEN))
    seen = moment(
        window(components=(effect("vault", "major_outage"), effect("api", "partial_outage"))), components=parts
    )
    made = documents(seen)
    assert [each["name"] for each in made.components()["components"]] == ["Api"]
    assert [c["name"] for c in made.summary()["scheduled_maintenances"][0]["components"]] == ["Api"]
    assert "Vault" not in str(made.summary())


def test_one_that_shows_only_while_degraded_says_so() -> None:
    """The client decides: the document names it always."""
    parts = (component("queue", visibility=Visibility.ONLY_WHEN_DEGRADED),)
    [queue] = documents(moment(components=parts)).components()["components"]
    assert queue["only_show_if_degraded"] is True


def test_ids_stay() -> None:
    """A client that remembers ids finds the same things after any change."""
    before, after = documents(busy()), documents(busy().snapshot.at(START + 2 * HOUR))  # type: ignore[union-attr]
    assert before.status()["page"]["id"] == after.status()["page"]["id"]
    [first] = before.active_maintenances()["scheduled_maintenances"]
    [second] = after.active_maintenances()["scheduled_maintenances"]
    assert [u["id"] for u in first["incident_updates"]] == [u["id"] for u in second["incident_updates"]]


def test_with_no_state_nothing_is_claimed() -> None:
    """Empty lists, and a description that says why."""
    assert documents(UNKNOWN).status()["status"] == {"indicator": "none", "description": "Status Not Known"}
    assert documents(UNKNOWN).summary()["components"] == []


def test_a_window_that_begins_changes_the_page() -> None:
    """`updated_at` tells of what happens by time, too: clients compare it."""
    later = window(starts_at=START + HOUR)
    before = documents(moment(later)).status()["page"]["updated_at"]
    after = documents(replace(moment(later), at=START + 2 * HOUR)).status()["page"]["updated_at"]
    assert before < after


def test_the_page_says_its_time_zone() -> None:
    """By the name that the IANA gives it."""
    there = replace(BRANDING, time_zone=ZoneInfo("Europe/Berlin"))
    assert StatuspageDocuments(busy(), there, URL).status()["page"]["time_zone"] == "Europe/Berlin"
    assert documents(busy()).status()["page"]["time_zone"] == "Etc/UTC"
