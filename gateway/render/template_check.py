"""Trying templates of the product's own: each page is rendered with samples of all that can be, at the start."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from gateway.domain.component import Component, ComponentGroup, ComponentStatus
from gateway.domain.component_history import History, Interval
from gateway.domain.errors import InvalidError
from gateway.domain.past import Month, Period, months_until
from gateway.domain.snapshot import Moment, Snapshot
from gateway.domain.uptime import Uptime, uptime
from gateway.domain.window import ComponentEffect, Ends, Gate, Kind, Update, UpdateStatus, Window
from gateway.render import contexts
from gateway.render.contexts import MessagePage
from gateway.render.environment import environment_of, render
from gateway.render.language import language_of
from gateway.render.look import Branding
from gateway.render.own_templates import failure_words, own_files, page_templates
from gateway.render.status_badge import status_badge
from gateway.render.wording import Badge, Tone

_NOW = datetime(2026, 12, 1, 22, 0, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_POSTS = 12


def check_templates(directory: Path, branding: Branding) -> None:
    """Read all templates, and render every page with samples; from then on the files are not read again.

    Raises:
        InvalidError: some fail; each is named by file and line, with the reason.
    """
    names = own_files(directory)
    environment = environment_of(branding.accent, directory)
    wrong: dict[str, None] = {}  # in their order, each once
    for name in [*page_templates(), *(name for name in names if name.endswith((".html", ".svg")))]:
        try:
            environment.get_template(name)
        except Exception as error:  # noqa: BLE001  whatever a template does wrong, it is told
            wrong[failure_words(error, directory)] = None
    for name, page in () if wrong else sample_pages(branding):
        try:
            render(environment, name, page)
        except Exception as error:  # noqa: BLE001
            wrong[failure_words(error, directory)] = None
    if wrong:
        raise InvalidError({"page.templates": "; ".join(wrong)})


def sample_pages(branding: Branding) -> Iterator[tuple[str, Any]]:
    """Yield templates with what they may have to show: quiet, busy, overrunning, reopening, over, old, not known."""
    language = language_of(branding.language)
    uptimes = {"api": _uptime(), "mail": Uptime(days=_uptime().days, share_up=None)}
    for moment in _moments():
        yield "status/status.html", contexts.status_page(moment, branding, language, uptimes)
        for refused_write in (False, True):
            yield "status/gated.html", contexts.gated(moment, branding, language, refused_write=refused_write)
        yield "status/history.html", contexts.history_page(moment, branding, language)
        yield "status/history.html", contexts.history_page(moment, branding, language, _period(moment.past))
        yield "status/badge.svg", status_badge(moment, branding, language)
        for window in moment.snapshot.windows if moment.snapshot else ():
            yield "status/window.html", contexts.window_page(window, moment, branding, language)
    badge = Badge("Not available", "cross", Tone.BAD)
    for request_id, for_sre in (("", False), ("5f3a", True)):
        yield (
            "status/message.html",
            MessagePage(
                branding=branding,
                language=language,
                badge=badge,
                title="Not available",
                text="Try again.",
                request_id=request_id,
                for_sre=for_sre,
            ),
        )


def _moments() -> Iterator[Moment]:
    yield Moment(snapshot=None, at=_NOW)
    yield Moment(snapshot=None, at=_NOW, close_unknown=True)
    yield _snapshot((_window(1),)).at(_NOW, as_of=_NOW - _HOUR)
    for windows in (
        (),
        tuple(_window(number, kind=kind) for number, kind in enumerate(Kind)),
        (_window(1, starts_at=_NOW - 5 * _HOUR), _window(2, starts_at=_NOW - 5 * _HOUR, updates=())),
        (_window(1, starts_at=_NOW + _HOUR), _window(2, starts_at=_NOW + _HOUR, ends=Ends.ON_TIME)),
        (_window(1, ends=Ends.ON_TIME, gate=Gate.READ_ONLY), _window(2, components=(), description="")),
        (_window(1, ended_at=_NOW, fixed=True, reopen_over=_HOUR), _window(2, ended_at=_NOW), _cancelled()),
    ):
        yield _snapshot(windows).at(_NOW + timedelta(minutes=1))


def _period(windows: tuple[Window, ...]) -> Period:
    month = Month.of(_NOW)
    months = months_until(month)
    return Period(months=months, windows=windows, is_complete=not windows, earlier=months[-1], later=month)


def _window(number: int, **values: Any) -> Window:
    made: dict[str, Any] = {
        "id": UUID(int=number + 1),
        "kind": Kind.MAINTENANCE,
        "title": "Database upgrade",
        "description": "We are moving to **PostgreSQL 18**.",
        "starts_at": _NOW - _HOUR,
        "estimated_duration": 2 * _HOUR,
        "gate": Gate.CLOSED,
        "components": (ComponentEffect(slug="api", status=ComponentStatus.UNDER_MAINTENANCE),),
        "updates": tuple(
            Update(id=UUID(int=place), status=UpdateStatus.IN_PROGRESS, body="Data is copied.", created_at=_NOW)
            for place in range(_POSTS)
        ),
        "created_at": _NOW - _HOUR,
        "updated_at": _NOW - _HOUR,
    }
    return Window(**(made | values))


def _cancelled() -> Window:
    return _window(3, starts_at=_NOW + _HOUR, cancelled_at=_NOW)


def _snapshot(windows: tuple[Window, ...]) -> Snapshot:
    group = ComponentGroup(id=UUID(int=901), name="For customers", description="What you see", collapsed=True)
    components = tuple(
        Component(id=UUID(int=9), slug=slug, name=slug, group_id=group_id, created_at=_NOW, updated_at=_NOW)
        for slug, group_id in (("api", None), ("mail", group.id))
    )
    return Snapshot(version=1, taken_at=_NOW, windows=windows, components=components, groups=(group,))


def _uptime() -> Uptime:
    since, until = _NOW - 48 * _HOUR, _NOW
    failed = Interval(since=since + _HOUR, until=since + 2 * _HOUR, status=ComponentStatus.MAJOR_OUTAGE)
    well = Interval(since=since + 2 * _HOUR, until=until, status=ComponentStatus.OPERATIONAL)
    return uptime(History(since=since, until=until, intervals=(failed, well)))
