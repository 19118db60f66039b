"""What machines read: the status and the refusal as JSON values."""

from typing import Any

from gateway.domain.duration import iso_duration
from gateway.domain.snapshot import Moment
from gateway.domain.window import State, Window
from gateway.render.headline import by_severity, headline
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.wording import KIND_BADGES, STATE_BADGES, rfc3339

Document = dict[str, Any]


def status_document(moment: Moment, branding: Branding, language: Language) -> Document:
    """Return the status page as one JSON object; its sentences, and texts of windows, are in `language`.

    `known` is false while no state was ever read; then the lists are empty and say nothing. `as_of` is null unless the
    state is older than it should be. `gated` tells whether any
    request is refused at the moment. Windows are as in `window_document`; instants are RFC 3339 in UTC.
    """
    said = headline(moment, branding, language)
    snapshot = moment.snapshot
    return {
        "product": branding.product,
        "language": language.tag,
        "known": snapshot is not None,
        "version": snapshot.version if snapshot else None,
        "as_of": rfc3339(moment.as_of) if moment.as_of else None,
        "gated": moment.gates,
        "summary": said.title,
        "detail": said.text,
        "support_email": branding.support_email or None,
        "components": [
            {"slug": c.slug, "name": c.name, "description": c.description, "status": moment.component_statuses[c.slug]}
            for c in moment.public_components
        ],
        "windows": {
            "active": [window_document(window, moment, language) for window in by_severity(moment)],
            "upcoming": [window_document(window, moment, language) for window in moment.upcoming],
            "past": [window_document(window, moment, language) for window in moment.past],
        },
    }


def banner_document(moment: Moment, language: Language) -> Document:
    """Return what the banner of `/embed.js` tells: windows in force and to come, in few fields.

    `until` is null where nothing can be promised any more. `times` says when in words, with `{}` for each instant that
    is to be told in the reader's own zone: `starts_at` of what is scheduled, and `until`.
    """
    found = [(window, "active") for window in by_severity(moment)]
    found += [(window, "scheduled") for window in moment.upcoming]
    return {
        "language": language.tag,
        "direction": language.direction,
        "dismiss": language.words("Dismiss"),
        "windows": [_announced(window.in_language(language.tag), state, moment, language) for window, state in found],
    }


def _announced(window: Window, state: str, moment: Moment, language: Language) -> Document:
    scheduled, ends = state == "scheduled", window.scheduled_until > moment.at
    if scheduled:
        times = language.words("{} to {}") if ends else language.words("from {}")
    else:
        times = language.words("expected until {}") if ends else ""
    return {
        "id": str(window.id),
        "state": state,
        "label": language.words(STATE_BADGES[State.SCHEDULED].word if scheduled else KIND_BADGES[window.kind].word),
        "title": window.title,
        "starts_at": rfc3339(window.starts_at),
        "until": rfc3339(window.scheduled_until) if ends else None,
        "times": times,
    }


def problem_document(moment: Moment, branding: Branding, language: Language, *, read_only: bool) -> Document:
    """Return the refusal as a problem (RFC 9457); `read_only`: only because the request may change something.

    Title and detail are in `language`, as section 3.1.3 has it; programs go by the type.

    The type is a reference below the prefix, where a page explains it.
    """
    said = headline(moment, branding, language)
    detail = said.text
    if read_only:
        detail = language.words(
            "%(product)s is read-only for now: GET, HEAD and OPTIONS are answered, this was not processed.",
            product=branding.product,
        )
    return {
        "type": f"{branding.prefix}/problems/{'read-only' if read_only else 'maintenance'}",
        "title": said.title,
        "status": 503,
        "detail": detail,
        "windows": [window_document(window, moment, language) for window in (*by_severity(moment), *moment.reopening)],
    }


def window_document(window: Window, moment: Moment, language: Language) -> Document:
    """Return a window as customers may know it: no scope, no reminders, no hidden components.

    `description` and bodies are Markdown. `estimated_end` is null once it has passed with the window still active:
    there is no estimate then.
    """
    window = window.in_language(language.tag)
    state = window.state(moment.at)
    return {
        "id": str(window.id),
        "kind": window.kind,
        "title": window.title,
        "description": window.description,
        "state": state,
        "gate": window.gate,
        "starts_at": rfc3339(window.starts_at),
        "estimated_duration": iso_duration(window.estimated_duration),
        "estimated_end": rfc3339(window.scheduled_until) if state in (State.SCHEDULED, State.ACTIVE) else None,
        "ended_at": rfc3339(window.stops_at) if state is State.ENDED and window.stops_at else None,
        "fixed": window.fixed,
        "components": [
            {"slug": part.slug, "status": part.status} for part in window.components if part.slug in moment.mentionable
        ],
        "updates": [
            {"id": str(update.id), "status": update.status, "body": update.body, "at": rfc3339(update.created_at)}
            for update in sorted(window.updates, key=lambda update: update.created_at, reverse=True)
        ],
    }
