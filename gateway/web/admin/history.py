"""The history in the panel: a page of windows that are over, in numbers, what they add up to, and exports."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.domain.window import Kind
from gateway.render.history_screens import HistoryScreen, history_totals
from gateway.render.numbers import numbers
from gateway.render.panel import KIND_OPTIONS, Typed
from gateway.store.statistics import HistoryFilter, Place
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import render
from gateway.web.history_export import Form, export
from gateway.web.keys import SERVICES

_LISTED = 50
_FIELDS = ("from", "to", "kind", "component")
_DAY = timedelta(days=1)
_NOTHING_SHOWN = "Nothing is shown yet: look at the marked fields."
_NO_PAGE = "There is no such page of the history: begin with the newest windows."


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/history", _list, name="admin.history"),
        web.get(base + "/history.csv", _csv, name="admin.history.csv"),
        web.get(base + "/history.json", _json, name="admin.history.json"),
    ]


async def _list(request: web.Request) -> web.Response:
    values = _values(request)
    statistics, path = request.app[SERVICES].statistics, request.path
    try:
        wanted = _filter(values)
        after = _place(request)
    except InvalidError as error:
        form = Typed(values=values, errors={"form": _NOTHING_SHOWN} | error.fields)
        return render(request, "admin/history.html", _empty(request, form), section="history", status=422)
    found = await statistics.page(wanted, after=after, limit=_LISTED + 1)
    windows = found[:_LISTED]
    last = {"start": windows[-1].starts_at.isoformat(), "behind": str(windows[-1].id)} if windows else {}
    given = {name: value for name, value in values.items() if value}
    screen = HistoryScreen(
        form=Typed(values=values),
        kinds=(("", "All types"), *KIND_OPTIONS),
        components=_components(request),
        rows=tuple(numbers(window) for window in windows),
        totals=history_totals(await statistics.totals(wanted)),
        exports={form: _address(f"{path}.{form}", given) for form in Form},
        is_filtered=bool(given),
        is_first=after is None,
        newest=_address(path, given),
        older=_address(path, given | last) if len(found) > _LISTED else "",
    )
    return render(request, "admin/history.html", screen, section="history")


async def _csv(request: web.Request) -> web.Response:
    return await export(request.app[SERVICES].statistics, _filter(_values(request)), Form.CSV)


async def _json(request: web.Request) -> web.Response:
    return await export(request.app[SERVICES].statistics, _filter(_values(request)), Form.JSON)


def _values(request: web.Request) -> dict[str, str]:
    return {name: request.query.get(name, "").strip() for name in _FIELDS}


def _place(request: web.Request) -> Place | None:
    """Return the window behind which a page begins; None for the first page.

    Raises:
        InvalidError: the address was not one of ours.
    """
    start, behind = request.query.get("start"), request.query.get("behind")
    if start is None and behind is None:
        return None
    try:
        place = datetime.fromisoformat(start or ""), UUID(behind or "")
    except ValueError as error:
        raise InvalidError({"form": _NO_PAGE}) from error
    if place[0].tzinfo is None:
        raise InvalidError({"form": _NO_PAGE})
    return place


def _filter(values: dict[str, str]) -> HistoryFilter:
    """Read the form: days in UTC, both included.

    Raises:
        InvalidError: each wrong field is named.
    """
    errors: dict[str, str] = {}
    days: dict[str, datetime | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = _day(values[name])
        except ValueError as error:
            errors[name] = str(error)
    since, last = days.get("from"), days.get("to")
    if since is not None and last is not None and last < since:
        errors["to"] = "lies before the first day"
    if values["kind"] and values["kind"] not in list(Kind):
        errors["kind"] = f"{values['kind']!r} is none of the types"
    if errors:
        raise InvalidError(errors)
    return HistoryFilter(
        since=since,
        until=None if last is None else last + _DAY,
        kinds=frozenset({Kind(values["kind"])}) if values["kind"] else None,
        component=values["component"].replace("\0", "") or None,
    )


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a day such as 2026-12-31") from error
    if not 2000 <= day.year < 2200:  # noqa: PLR2004
        raise ValueError("must lie between the years 2000 and 2200")
    return day


def _components(request: web.Request) -> tuple[tuple[str, str], ...]:
    snapshot = moment_now(request).snapshot
    named = tuple((component.slug, component.name) for component in snapshot.components) if snapshot else ()
    return (("", "All components"), *named)


def _empty(request: web.Request, form: Typed) -> HistoryScreen:
    """Show the form with what is wrong in it, and no windows."""
    return HistoryScreen(
        form=form,
        kinds=(("", "All types"), *KIND_OPTIONS),
        components=_components(request),
        rows=(),
        totals=None,
        exports={},
        is_filtered=True,
        is_first=True,
        newest=request.path,
        older="",
    )


def _address(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
