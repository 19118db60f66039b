"""Series in the panel: the list, one with what lies ahead, its form, skipping one occurrence, ending all of it."""

from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.domain.series import SeriesState
from gateway.render import series_screens as screens
from gateway.render.panel import Preview, Typed, before_and_after, gate_words
from gateway.render.recurrence import clock_note, local_words, series_words
from gateway.render.series_screens import (
    OccurrenceRow,
    RulePreview,
    SeriesFormScreen,
    SeriesListScreen,
    SeriesRow,
    SeriesScreen,
    rule_preview,
    sentence,
)
from gateway.render.trial_screens import Trial
from gateway.render.wording import Badge
from gateway.service.drafted import with_change
from gateway.service.occurrences import Ahead, Seen
from gateway.service.series import SeriesOfWindows
from gateway.web.admin import series_forms
from gateway.web.admin.guards import gates_everything, require_name
from gateway.web.admin.rows import moment_now
from gateway.web.admin.screen import read_row_version, refused, render, see, text_preview, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

_LISTED = 100
_AHEAD = 12
_ONE = "/series/{id}"


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    return [
        web.get(base + "/series", _list, name="admin.series.list"),
        web.get(base + _ONE, _show, name="admin.series"),
        web.get(base + _ONE + "/edit", _edit_form, name="admin.series.edit"),
        web.post(base + _ONE + "/edit", _edit, name="admin.series.edit"),
        web.post(base + _ONE + "/skip", _skip, name="admin.series.skip"),
        web.post(base + _ONE + "/end", _end, name="admin.series.end"),
    ]


async def _list(request: web.Request) -> web.Response:
    found = await _series(request).list(limit=_LISTED)
    screen = SeriesListScreen(rows=tuple(_row(seen) for seen in found))
    return render(request, "admin/series_list.html", screen, section="series")


async def _show(request: web.Request) -> web.Response:
    return _screen(request, await seen_of(request))


async def _skip(request: web.Request) -> web.Response:
    which = (await typed_values(request)).get("window", "")
    try:
        window = await request.app[SERVICES].windows.get(UUID(which))
    except ValueError as error:
        raise NotFoundError(f"there is no window {which!r}") from error
    if window.recurrence is None or window.recurrence.series != _id(request):
        raise NotFoundError(f"the window {which} is none of this series")
    try:
        await request.app[SERVICES].windows.cancel(window.id, actor(request))
    except ConflictError as error:
        return _screen(request, await seen_of(request), conflict=str(error), status=409)
    return see(request, f"/series/{_id(request)}", "skipped")


async def _end(request: web.Request) -> web.Response:
    try:
        await _series(request).end(_id(request), actor(request))
    except ConflictError as error:
        return _screen(request, await seen_of(request), conflict=str(error), status=409)
    return see(request, f"/series/{_id(request)}", "series-ended")


async def _edit_form(request: web.Request) -> web.Response:
    seen = await seen_of(request)
    return series_form_screen(request, seen, Typed(values=series_forms.fields_of(seen)))


async def _edit(request: web.Request) -> web.Response:
    values = await typed_values(request)
    seen = await seen_of(request)
    try:
        change = series_forms.change_of(values, seen)
        if "preview" in values:
            occurs = rule_preview(*await _series(request).preview_change(seen.series.id, change))
            preview = text_preview(values)
            return series_form_screen(request, seen, Typed(values=values), preview=preview, occurs=occurs)
        before = series_forms.as_window(seen.series)
        after = with_change(before, change.window) if change.window else before
        if gates_everything(after) and not gates_everything(before):
            require_name(request, values)
        done = await _series(request).edit(seen.series.id, change, actor(request), row_version=read_row_version(values))
    except InvalidError as error:
        form = refused(series_forms.whole(values), error, series_forms.EDIT_GROUPS)
        return series_form_screen(request, seen, form, status=422)
    except ConflictError as error:
        seen = await seen_of(request)
        # What is sent from there was compared with what is saved now.
        typed = Typed(values=values | {"row_version": str(seen.series.row_version)})
        return series_form_screen(request, seen, typed, conflict=str(error), status=409)
    return see(request, f"/series/{seen.series.id}", "series-kept" if done.kept or done.skipped else "series-saved")


def _screen(request: web.Request, seen: Seen, *, conflict: str = "", status: int = 200) -> web.Response:
    series = seen.series
    window = series_forms.as_window(series)
    screen = SeriesScreen(
        row=_row(seen),
        rule=series.rule,
        time_zone=series.time_zone,
        excluded=tuple(f"{day:%a} {day.isoformat()}" for day in series.excluded_dates),
        kind=window.kind.label,
        gate=gate_words(window),
        scope=window.scope.words,
        before_and_after=before_and_after(window.reminders, window.reopen_over),
        length=window.estimated_duration,
        ended_at=series.ended_at,
        is_ended=seen.state is SeriesState.ENDED,
        occurrences=tuple(_occurrence(each, series.shown_zone) for each in seen.ahead),
        problem=seen.problem,
        conflict=conflict,
    )
    return render(request, "admin/series.html", screen, section="series", status=status)


def series_form_screen(
    request: web.Request,
    seen: Seen,
    form: Typed,
    *,
    trial: Trial | None = None,
    preview: Preview | None = None,
    occurs: RulePreview | None = None,
    conflict: str = "",
    status: int = 200,
) -> web.Response:
    """Show the form of a series as it was typed."""
    snapshot = moment_now(request).snapshot
    components = tuple((c.slug, c.name) for c in snapshot.components) if snapshot else ()
    screen = SeriesFormScreen(
        id=seen.series.id,
        title=seen.series.title,
        form=form,
        row_version=seen.series.row_version,
        components=components,
        trial=trial or Trial.kept(form.values),
        preview=preview,
        occurs=occurs,
        conflict=conflict,
        differences=series_forms.differences(seen, form.values, components) if conflict else (),
    )
    return render(request, "admin/series_form.html", screen, section="series", status=status)


def _row(seen: Seen) -> SeriesRow:
    # What is skipped is not next.
    coming = next((each for each in seen.ahead if not (each.made and each.made.is_cancelled)), None)
    return SeriesRow(
        id=seen.series.id,
        title=seen.series.title,
        words=series_words(seen.series),
        badge=screens.STATE_BADGES[seen.state],
        next_at=coming.starts_at if coming else None,
        next_local=_local(coming, seen.series.shown_zone) if coming else "",
    )


def _occurrence(ahead: Ahead, time_zone: str) -> OccurrenceRow:
    if not ahead.is_named:
        note = "The rule does not name it any more."
    elif ahead.is_moved:
        note = f"Moved; by the rule {local_words(ahead.occurs_at.astimezone(ZoneInfo(time_zone)))}."
    else:
        note = clock_note(ahead.occurrence) if ahead.occurrence else ""
    return OccurrenceRow(
        starts_at=ahead.starts_at,
        local=_local(ahead, time_zone),
        badge=_badge(ahead),
        note=sentence(note),
        window=ahead.made.window_id if ahead.made else None,
        may_change=ahead.made is not None and ahead.made.is_scheduled,
    )


def _badge(ahead: Ahead) -> Badge:
    if ahead.made is None:
        return screens.PLANNED
    if ahead.made.is_cancelled:
        return screens.SKIPPED
    return screens.CHANGED if ahead.made.is_touched else screens.AS_SAID


def _local(ahead: Ahead, time_zone: str) -> str:
    return local_words(ahead.starts_at.astimezone(ZoneInfo(time_zone)))


def _series(request: web.Request) -> SeriesOfWindows:
    return request.app[SERVICES].series


async def seen_of(request: web.Request) -> Seen:
    """Return the series of the path, with what lies ahead.

    Raises:
        NotFoundError: there is none.
    """
    return await _series(request).get(_id(request), most=_AHEAD)


def _id(request: web.Request) -> UUID:
    given = request.match_info["id"]
    try:
        return UUID(given)
    except ValueError as error:
        raise NotFoundError(f"there is no series {given!r}") from error
