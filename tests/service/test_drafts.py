"""Drafts: what comes in from outside is checked whole, every wrong field named, before anything is done."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import InvalidError
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import UpdateDraft, WindowChange, WindowDraft


def wrong(model: type[Any], data: object) -> dict[str, str]:
    """Return the errors by field."""
    with pytest.raises(InvalidError) as error:
        checked(model, data)
    return error.value.fields


def test_every_wrong_field_is_named_at_once() -> None:
    fields = wrong(
        WindowDraft,
        {
            "title": " ",
            "kind": "party",
            "starts_at": "2026-12-01T22:00:00",
            "estimated_duration": "soon",
            "scope": {"hosts": ["ok.example", "http://x"], "paths": ["shop"]},
            "components": [{"slug": "API"}, {"slug": "ok", "status": "fine"}],
            "reminders": ["1h", "-1h"],
            "tea": 1,
        },
    )
    assert set(fields) == {
        "title",
        "kind",
        "starts_at",
        "estimated_duration",
        "scope.hosts.1",
        "scope.paths.0",
        "components.0.slug",
        "components.1.status",
        "reminders.1",
        "tea",
    }
    assert fields["tea"] == "there is no such field: correct its name, or leave it out"


WRONG = [
    ("title", "", ""),
    ("title", "x" * 201, ""),
    ("title", None, ""),
    ("title", 7, ""),
    ("title", "a\0b", "NUL"),
    ("title", "\ud800", ""),
    ("description", "x" * 20_001, ""),
    ("description", "a\0b", "NUL"),
    ("starts_at", "2026-12-01T22:00:00", "needs its offset"),
    ("starts_at", "2026-12-01", ""),
    ("starts_at", "tomorrow", ""),
    ("starts_at", 1_800_000_000, "is not an instant"),
    ("starts_at", "1800000000", "is not an instant"),
    ("starts_at", "9999-12-31T23:59:59Z", "2000 and 2200"),
    ("starts_at", "0001-01-01T00:00:00+14:00", ""),
    ("estimated_duration", "0s", "longer than nothing"),
    ("estimated_duration", "3661d", "ten years"),
    ("estimated_duration", 1800, "write for example"),
    ("estimated_duration", True, "write for example"),
    ("estimated_duration", "30", "write for example"),
    ("reopen_over", "-1s", "write for example"),
    ("gate", "open", ""),
    ("ends", "", ""),
    ("recurrence", "FREQ=DAILY", ""),
    ("components", [{"slug": "a"}, {"slug": "a"}], "more than once: give each component one status"),
    ("components", [{"slug": f"c{n}"} for n in range(201)], "at most 200"),
    ("scope", {"hosts": ["shop.example.com:80"]}, "without port"),
    ("scope", {"hosts": ["*"]}, "is not a host"),
    ("scope", {"hosts": ["a b"]}, "is not a host"),
    ("scope", {"paths": ["/a?b"]}, "without query or escapes"),
    ("scope", {"paths": ["/checkout/*"]}, "covers everything below it"),
    ("scope", {"paths": ["/a%2Fb"]}, "without query or escapes"),
    ("scope", {"paths": ["/a\nb"]}, "without query or escapes"),
    ("scope", {"paths": ["/x"] * 201}, "at most 200"),
    ("scope", {"excluded_paths": ["/x"] * 201}, "at most 200"),
    ("scope", {"excluded_paths": ["shop"]}, "it starts with /"),
    ("scope", {"excluded_paths": ["/shop/*"]}, "covers everything below it"),
    ("scope", {"excluded_paths": ["/"]}, "would leave out every request"),
    ("scope", {"excluded_paths": ["/a//b"]}, "can't be left out"),
    ("scope", {"excluded_paths": ["/a;b"]}, "can't be left out"),
    ("scope", {"excluded_paths": ["/a/../b"]}, "can't be left out"),
    ("scope", {"excluded_paths": ["/caf\xe9"]}, "can't be left out"),
    ("scope", {"paths": ["/shop", "/cart"], "excluded_paths": ["/help"]}, "not below any of paths (/shop, /cart)"),
    ("scope", {"paths": ["/shop"], "excluded_paths": ["/shopping"]}, "leaves out nothing"),
    ("scope", {"paths": ["/shop"], "excluded_paths": ["/shop/"]}, "would leave out all of /shop"),
    ("scope", {"paths": ["/", "/shop/x"], "excluded_paths": ["/shop"]}, "would leave out all of /shop/x"),
]


@pytest.mark.parametrize(("field", "value", "says"), WRONG)
def test_a_wrong_value_is_named_with_the_remedy(field: str, value: object, says: str) -> None:
    """In a new window and in a change alike; a change that names nothing wrong leaves nothing out."""
    for model in (WindowDraft, WindowChange):
        if (model, field) == (WindowChange, "title") and value is None:
            continue
        fields = wrong(model, {"title": "x"} | {field: value})
        assert len(fields) == 1
        ((path, text),) = fields.items()
        assert path.startswith(field) or text.startswith("there is no such field")
        assert says in text or text.startswith("there is no such field")


@pytest.mark.parametrize("data", [None, [], "x", 7, {}])
def test_what_is_no_window_at_all(data: object) -> None:
    assert wrong(WindowDraft, data)


@pytest.mark.parametrize("body", ["", " \n", "x" * 20_001, "a\0", None])
def test_a_post_says_something(body: object) -> None:
    assert list(wrong(UpdateDraft, {"status": "resolved", "body": body})) == ["body"]


@pytest.mark.parametrize("field", ["name", "description", "group"])
def test_a_component_s_texts_are_checked(field: str) -> None:
    assert list(wrong(ComponentDraft, {"slug": "a", "name": "x"} | {field: "a\0b"})) == [field]
    assert list(wrong(ComponentDraft, {"slug": "a", "name": "x"} | {field: "x" * 2001})) == [field]


@given(starts_at=st.datetimes(datetime(2000, 1, 2), datetime(2199, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_any_instant_with_offset_is_the_same_instant(starts_at: datetime) -> None:
    draft = checked(WindowDraft, {"title": "x", "starts_at": starts_at.isoformat()})
    assert draft.starts_at is not None
    assert abs(draft.starts_at.astimezone(UTC) - starts_at.astimezone(UTC)) < timedelta(minutes=1)


def test_texts_are_stripped_where_blanks_mean_nothing() -> None:
    assert checked(WindowDraft, {"title": " x "}).title == "x"
    assert checked(UpdateDraft, {"status": "resolved", "body": " x\n"}).body == "x"
