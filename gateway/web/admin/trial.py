"""Trying a window in the panel: which requests it would refuse, before it does; nothing is saved, nothing lost."""

from aiohttp import web

from gateway.domain.errors import InvalidError
from gateway.domain.window import Window
from gateway.render.panel import Typed
from gateway.render.trial_screens import TRIAL_FIELD, Trial, TrialRow, outcome
from gateway.service.drafts.fields import checked
from gateway.service.drafts.preview import PreviewDraft
from gateway.service.preview import tried_window
from gateway.web.admin import forms
from gateway.web.admin.screen import refused, typed_values
from gateway.web.admin.series import seen_of, series_form_screen
from gateway.web.admin.windows import form_screen, window_of, window_screen
from gateway.web.keys import SERVICES

_MOST = 20


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area; `new` comes before the ids."""
    return [
        web.post(base + "/windows/new/preview", _try_new, name="admin.window.new.preview"),
        web.post(base + "/windows/{window_id}/edit/preview", _try_edited, name="admin.window.edit.preview"),
        web.post(base + "/windows/{window_id}/preview", _try, name="admin.window.preview"),
        web.post(base + "/series/{id}/edit/preview", _try_series, name="admin.series.edit.preview"),
    ]


async def _try(request: web.Request) -> web.Response:
    values = await typed_values(request)
    window = await window_of(request)
    trial, status = _trial(request, values, window)
    return await window_screen(request, window, trial=trial, status=status)


async def _try_new(request: web.Request) -> web.Response:
    form, trial, status = _tried(request, await typed_values(request))
    return await form_screen(request, form, None, trial=trial, status=status)


async def _try_edited(request: web.Request) -> web.Response:
    window = await window_of(request)
    form, trial, status = _tried(request, await typed_values(request))
    return await form_screen(request, form, window, trial=trial, status=status)


async def _try_series(request: web.Request) -> web.Response:
    seen = await seen_of(request)
    form, trial, status = _tried(request, await typed_values(request))
    return series_form_screen(request, seen, form, trial=trial, status=status)


def _tried(request: web.Request, values: dict[str, str]) -> tuple[Typed, Trial, int]:
    """Return a form as it was typed, what a window that it describes would do, and the status of the answer."""
    whole = forms.whole(values)
    try:
        draft = forms.trial_of(values)
    except InvalidError as error:
        return refused(whole, error, forms.GROUPS), Trial.kept(values), 422
    tried = tried_window(draft, request.app[SERVICES].state.now())
    return Typed(values=whole), *_trial(request, values, tried)


def _trial(request: web.Request, values: dict[str, str], window: Window) -> tuple[Trial, int]:
    """Return what comes out, and the status of the answer."""
    typed = {TRIAL_FIELD: values.get(TRIAL_FIELD, "")}
    try:
        rows = _rows(request, typed[TRIAL_FIELD], window)
    except InvalidError as error:
        return Trial(form=Typed(values=typed, errors=error.fields)), 422
    return Trial(form=Typed(values=typed), rows=rows), 200


def _rows(request: web.Request, text: str, window: Window) -> tuple[TrialRow, ...]:
    asked = forms.lines(text)
    if not asked:
        raise InvalidError({TRIAL_FIELD: "Name a request to try, such as /checkout or POST /orders."})
    if len(asked) > _MOST:
        raise InvalidError({TRIAL_FIELD: f"These are {len(asked)} requests: try {_MOST} at once at most."})
    rows, wrong = [], []
    for line in asked:
        try:
            rows.append(_row(request, line, window))
        except InvalidError as error:
            wrong.append(f"{line}: {'; '.join(error.fields.values())}")
    if wrong:
        raise InvalidError({TRIAL_FIELD: "; ".join(wrong)})
    return tuple(rows)


def _row(request: web.Request, line: str, window: Window) -> TrialRow:
    method, _, url = line.rpartition(" ")
    draft = checked(PreviewDraft, {"url": url, "method": method.strip() or "GET"})
    preview = request.app[SERVICES].previews.outcome(draft, request.host, window)
    if preview.tried is None:
        raise TypeError("a window was given, so it was tried")
    return TrialRow(request=f"{draft.method} {draft.url}", tried=outcome(preview.tried), now=outcome(preview.outcome))
