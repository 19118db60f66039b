"""Trying a window in the panel: which requests it would refuse, before it does; nothing is saved, nothing lost."""

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.domain.window import Window
from gateway.render.panel import Typed
from gateway.render.trial_screens import Trial, TrialRow, outcome
from gateway.service.drafts.fields import checked
from gateway.service.drafts.preview import PreviewDraft
from gateway.service.preview import tried_window
from gateway.web.admin import forms
from gateway.web.admin.screen import refused, typed_values
from gateway.web.admin.windows import form_screen, window_of, window_screen
from gateway.web.keys import SERVICES

_MOST = 20
_FIELD = "trial"


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area; `new` comes before the ids."""
    return [
        web.post(base + "/windows/new/preview", _try_new, name="admin.window.new.preview"),
        web.post(base + "/windows/{window_id}/edit/preview", _try_edited, name="admin.window.edit.preview"),
        web.post(base + "/windows/{window_id}/preview", _try, name="admin.window.preview"),
    ]


async def _try(request: web.Request) -> web.Response:
    values = await typed_values(request)
    window = await window_of(request)
    trial, status = _trial(request, values, window)
    return await window_screen(request, window, trial=trial, status=status)


async def _try_new(request: web.Request) -> web.Response:
    return await _try_form(request, await typed_values(request), None)


async def _try_edited(request: web.Request) -> web.Response:
    return await _try_form(request, await typed_values(request), await window_of(request))


async def _try_form(request: web.Request, values: dict[str, str], window: Window | None) -> web.Response:
    """Show the form as it was typed, and what the window that it describes would do."""
    whole = forms.whole(values)
    try:
        draft = forms.trial_of(values)
    except InvalidError as error:
        return await form_screen(request, refused(whole, error, forms.GROUPS), window, status=422)
    tried = tried_window(draft, request.app[SERVICES].state.now())
    trial, status = _trial(request, values, tried)
    return await form_screen(request, Typed(values=whole), window, trial=trial, status=status)


def _trial(request: web.Request, values: dict[str, str], window: Window) -> tuple[Trial, int]:
    """Return what comes out, and the status of the answer."""
    typed = {_FIELD: values.get(_FIELD, "")}
    try:
        rows = _rows(request, typed[_FIELD], window)
    except InvalidError as error:
        return Trial(form=Typed(values=typed, errors=error.fields)), 422
    return Trial(form=Typed(values=typed), rows=rows), 200


def _rows(request: web.Request, text: str, window: Window) -> tuple[TrialRow, ...]:
    asked = forms.lines(text)
    if not asked:
        raise InvalidError({_FIELD: "Name a request to try, such as /checkout or POST /orders."})
    if len(asked) > _MOST:
        raise InvalidError({_FIELD: f"These are {len(asked)} requests: try {_MOST} at once at most."})
    rows, wrong = [], []
    for line in asked:
        try:
            rows.append(_row(request, line, window))
        except InvalidError as error:
            wrong.append(f"{line}: {'; '.join(error.fields.values())}")
    if wrong:
        raise InvalidError({_FIELD: "; ".join(wrong)})
    return tuple(rows)


def _row(request: web.Request, line: str, window: Window) -> TrialRow:
    method, _, url = line.rpartition(" ")
    draft = checked(PreviewDraft, {"url": url, "method": method.strip() or "GET"})
    preview = request.app[SERVICES].previews.outcome(draft, request.host, window)
    if preview.tried is None:
        raise TypeError("a window was given, so it was tried")
    return TrialRow(request=f"{draft.method} {draft.url}", tried=outcome(preview.tried), now=outcome(preview.outcome))
