"""Windows in the panel: the list, the form, one window, and everything that can be done to it."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from aiohttp import web

from gateway.domain.duration import parse_duration
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.domain.schedule import next_of_each_series
from gateway.domain.template import TemplateKind
from gateway.domain.window import Gate, Verb, Window, next_word, possible, require
from gateway.render.numbers import numbers
from gateway.render.panel import Posting, Preview, Typed, WindowFormScreen, WindowScreen, WindowsScreen
from gateway.render.series_screens import RulePreview, rule_preview
from gateway.render.trial_screens import Trial
from gateway.service.drafted import with_change
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import UpdateDraft
from gateway.service.windows import NOT_OVER, OVER, Windows
from gateway.web.admin import forms, series_forms, translation_forms
from gateway.web.admin.fences import view_of
from gateway.web.admin.guards import gates_everything, require_name
from gateway.web.admin.rows import moment_now, window_row, window_rows
from gateway.web.admin.screen import read_row_version, refused, render, see, text_preview, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES

_LISTED = 100
# Of windows whose start is to come, before of each series all but the next are left out.
_MOST = 1000
_ONE = "/windows/{window_id}"


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area; `new` comes before the ids."""
    return [
        web.get(base + "/windows", _list, name="admin.windows"),
        web.get(base + "/windows/new", _blank, name="admin.window.new"),
        web.post(base + "/windows/new", _create, name="admin.window.new"),
        web.get(base + _ONE, _show, name="admin.window"),
        web.get(base + _ONE + "/edit", _edit_form, name="admin.window.edit"),
        web.post(base + _ONE + "/edit", _edit, name="admin.window.edit"),
        web.post(base + _ONE + "/updates", _post, name="admin.window.post"),
        web.post(base + _ONE + "/extend", _extend, name="admin.window.extend"),
        web.post(base + _ONE + "/start", _start, name="admin.window.start"),
        web.post(base + _ONE + "/fixed", _fixed, name="admin.window.fixed"),
        web.post(base + _ONE + "/end", _end, name="admin.window.end"),
        web.post(base + _ONE + "/cancel", _cancel, name="admin.window.cancel"),
        web.post(base + _ONE + "/reopen", _reopen, name="admin.window.reopen"),
    ]


async def _list(request: web.Request) -> web.Response:
    windows = _windows(request)
    now = request.app[SERVICES].state.now()
    not_over = await windows.list(states=NOT_OVER, limit=_MOST)
    active = tuple(window for window in not_over if window.is_active(now))
    current = active + next_of_each_series(window for window in not_over if not window.is_active(now))
    over = await windows.list(states=OVER, limit=_MOST)  # the latest first
    cancelled_ahead = next_of_each_series(window for window in reversed(over) if window.starts_at > now)
    over = [*reversed(cancelled_ahead), *(window for window in over if window.starts_at <= now)]
    screen = WindowsScreen(current=window_rows(request, current), over=window_rows(request, over[:_LISTED]))
    return render(request, "admin/windows.html", screen, section="windows")


async def _show(request: web.Request) -> web.Response:
    return await window_screen(request, await window_of(request))


async def _blank(request: web.Request) -> web.Response:
    return await form_screen(request, Typed(values=forms.NEW | series_forms.NEW), None)


async def _create(request: web.Request) -> web.Response:
    values = await typed_values(request)
    if "preview" in values:
        return await _look_at(request, values)
    try:
        draft = series_forms.draft_of(values) if series_forms.repeats(values) else forms.draft_of(values)
        if gates_everything(draft):
            require_name(request, values)
        window = await _windows(request).create(draft, actor(request))
    except InvalidError as error:
        form = refused(series_forms.whole(values), error, forms.GROUPS | series_forms.GROUPS)
        return await form_screen(request, form, None, status=422)
    if window.recurrence is not None:
        return see(request, f"/series/{window.recurrence.series}", "repeats")
    started = window.is_active(request.app[SERVICES].state.now())
    return see(request, f"/windows/{window.id}", "started" if started else "scheduled")


async def _look_at(request: web.Request, values: dict[str, str]) -> web.Response:
    """Show what a new window would say, and when it would repeat; every field stays as it was typed."""
    preview = text_preview(values)
    if not series_forms.repeats(values):
        return await form_screen(request, Typed(values=values), None, preview=preview)
    try:
        found = await request.app[SERVICES].series.preview(series_forms.preview_of(values), is_to_come=True)
    except InvalidError as error:
        form = refused(series_forms.whole(values), error, forms.GROUPS | series_forms.GROUPS)
        return await form_screen(request, form, None, preview=preview, status=422)
    return await form_screen(request, Typed(values=values), None, preview=preview, occurs=rule_preview(*found))


async def _edit_form(request: web.Request) -> web.Response:
    window = await window_of(request)
    require(window, Verb.EDIT, request.app[SERVICES].state.now())
    return await form_screen(request, Typed(values=forms.fields_of(window)), window)


async def _edit(request: web.Request) -> web.Response:
    values = await typed_values(request)
    window = await window_of(request)
    if "preview" in values:
        return await form_screen(request, Typed(values=values), window, preview=text_preview(values))
    try:
        change = forms.change_of(values, window)
        if gates_everything(with_change(window, change)) and not gates_everything(window):
            require_name(request, values)
        changed = await _windows(request).edit(window.id, change, actor(request), row_version=read_row_version(values))
    except InvalidError as error:
        form = refused(forms.whole(values), error, forms.GROUPS)
        return await form_screen(request, form, window, status=422)
    except ConflictError as error:
        saved = await window_of(request)
        # What is sent from there was compared with what is saved now.
        typed = Typed(values=values | {"row_version": str(saved.row_version)})
        return await form_screen(request, typed, saved, conflict=str(error), status=409)
    return see(request, f"/windows/{changed.id}", "fixed" if change.fixed else "saved")


async def _post(request: web.Request) -> web.Response:
    values = await typed_values(request)
    try:
        given = {name: values.get(name, "") for name in ("status", "body")}
        draft = checked(UpdateDraft, given | {"translations": translation_forms.bodies_in(values)})
    except InvalidError as error:
        shown = dict.fromkeys(("status", "body", *translation_forms.BODY_FIELDS), "") | values
        typed = refused(shown, error, translation_forms.BODY_GROUPS)
        return await window_screen(request, await window_of(request), update=typed, status=422)
    posting = _windows(request).post(_window_id(request), draft, actor(request))
    return await _done(request, posting, "posted", update=Typed(values=values))


async def _extend(request: web.Request) -> web.Response:
    values = await typed_values(request)
    try:
        by = _length(values.get("by", ""))
    except ValueError as error:
        typed = Typed(values=values, errors={"by": str(error)})
        return await window_screen(request, await window_of(request), extension=typed, status=422)
    return await _done(request, _windows(request).extend(_window_id(request), by, actor(request)), "extended")


async def _start(request: web.Request) -> web.Response:
    values = await typed_values(request)
    window = await window_of(request)
    if _asks_name(request, window, Verb.START):
        try:
            require_name(request, values)
        except InvalidError as error:
            typed = Typed(values=values, errors=error.fields)
            return await window_screen(request, window, starting=typed, status=422)
    return await _done(request, _windows(request).start(_window_id(request), actor(request)), "started")


def _asks_name(request: web.Request, window: Window, verb: Verb) -> bool:
    """Tell whether the guard stands before it; what can't be done at all is refused for that."""
    return gates_everything(window) and verb in possible(window, request.app[SERVICES].state.now())


async def _fixed(request: web.Request) -> web.Response:
    return await _done(request, _windows(request).end(_window_id(request), actor(request), fixed=True), "fixed")


async def _end(request: web.Request) -> web.Response:
    return await _done(request, _windows(request).end(_window_id(request), actor(request), fixed=False), "ended")


async def _cancel(request: web.Request) -> web.Response:
    return await _done(request, _windows(request).cancel(_window_id(request), actor(request)), "cancelled")


async def _reopen(request: web.Request) -> web.Response:
    values = await typed_values(request)
    remaining, text = None, values.get("remaining", "").strip()
    try:
        remaining = _length(text) if text else None
        if _asks_name(request, await window_of(request), Verb.REOPEN):
            require_name(request, values)
        doing = _windows(request).reopen(_window_id(request), actor(request), remaining=remaining)
        return await _done(request, doing, "reopened")
    except (ValueError, InvalidError) as error:
        wrong = error.fields if isinstance(error, InvalidError) else {"remaining": str(error)}
        typed = Typed(values=values, errors=wrong)
        return await window_screen(request, await window_of(request), reopening=typed, status=422)


async def _done(
    request: web.Request, doing: Awaitable[Window], notice: str, *, update: Typed | None = None
) -> web.Response:
    """Do it and go to the window; where its state does not allow it (any more), show the window and say so."""
    try:
        window = await doing
    except ConflictError as error:
        return await window_screen(request, await window_of(request), update=update, conflict=str(error), status=409)
    return see(request, f"/windows/{window.id}", notice)


def _length(text: str) -> timedelta:
    length = parse_duration(text)
    if length <= timedelta():
        raise ValueError("must be longer than nothing")
    return length


def _windows(request: web.Request) -> Windows:
    return request.app[SERVICES].windows


async def window_of(request: web.Request) -> Window:
    """Return the window of the path.

    Raises:
        NotFoundError: there is none.
    """
    return await _windows(request).get(_window_id(request))


def _window_id(request: web.Request) -> UUID:
    given = request.match_info["window_id"]
    try:
        return UUID(given)
    except ValueError as error:
        raise NotFoundError(f"there is no window {given!r}") from error


async def window_screen(
    request: web.Request,
    window: Window,
    *,
    update: Typed | None = None,
    posting: Posting | None = None,
    extension: Typed | None = None,
    starting: Typed | None = None,
    reopening: Typed | None = None,
    trial: Trial | None = None,
    conflict: str = "",
    status: int = 200,
) -> web.Response:
    """Show a window; what was typed into one of its forms comes back with it."""
    now = request.app[SERVICES].state.now()
    is_gating = window.gate is not Gate.NONE and window.is_active(now)
    fence = view_of(request, await request.app[SERVICES].fences.of(window.id)) if is_gating else None
    templates = await request.app[SERVICES].templates.list(kind=TemplateKind.UPDATE)
    posting = posting or Posting()
    statistics = await request.app[SERVICES].statistics.of(window.id)
    screen = WindowScreen(
        window=window_row(request, window),
        posting=replace(posting, templates=tuple((each.slug, each.name) for each in templates)),
        fence=fence,
        numbers=numbers(statistics) if statistics.real_duration is not None else None,
        update=update or Typed(values={"status": next_word(window, now)}),
        extension=extension or Typed(values={"by": "30m"}),
        starting=starting or Typed(),
        gates_everything=gates_everything(window),
        reopening=reopening or Typed(),
        reopens_until=window.scheduled_until if window.scheduled_until > now else None,
        trial=trial or Trial(),
        conflict=conflict,
    )
    return render(request, "admin/window.html", screen, section="windows", status=status, fences=fence is not None)


async def form_screen(
    request: web.Request,
    form: Typed,
    window: Window | None,
    *,
    trial: Trial | None = None,
    preview: Preview | None = None,
    occurs: RulePreview | None = None,
    conflict: str = "",
    status: int = 200,
) -> web.Response:
    """Show the form of a window, new or edited, as it was typed."""
    # From memory, so that a form that came back wrong needs no database to be shown again.
    snapshot = moment_now(request).snapshot
    components = tuple((c.slug, c.name) for c in snapshot.components) if snapshot else ()
    screen = WindowFormScreen(
        form=form,
        window=window_row(request, window) if window else None,
        components=components,
        trial=trial or Trial.kept(form.values),
        preview=preview,
        occurs=occurs,
        conflict=conflict,
        differences=forms.differences(window, form.values, components) if window and conflict else (),
    )
    return render(request, "admin/window_form.html", screen, section="windows", status=status)
