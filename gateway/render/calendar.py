"""The windows to come and in force as a calendar to subscribe to: iCalendar (RFC 5545).

An event is known by its `UID`, the window's id; whatever changes in the window's row raises its `SEQUENCE`, so that
calendars move the event and keep one. A cancelled window is no longer listed, and calendars drop it. Times are in UTC,
which every calendar shows in its reader's own time zone.
"""

from datetime import UTC, datetime, timedelta

from icalendar import Calendar, Event

from gateway.domain.snapshot import Moment
from gateway.domain.window import Window
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.markdown import markdown_text
from gateway.render.wording import KIND_BADGES

_LOOK_AGAIN = timedelta(minutes=15)


def calendar(moment: Moment, branding: Branding, language: Language, url: str) -> bytes:
    """Write the windows of the moment, recent ones that are over included; `url` is the status page's, with a slash."""
    made = Calendar()
    made.add("prodid", "-//maintenance-gateway//status page//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    name = language.words("%(product)s: maintenance", product=branding.product)
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("refresh-interval", _LOOK_AGAIN, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT15M")
    made.add("url", url)
    for window in moment.snapshot.windows if moment.snapshot else ():
        made.add_component(_event(window.in_language(language.tag), moment.at, language, url))
    return bytes(made.to_ical())


def _event(window: Window, now: datetime, language: Language, url: str) -> Event:
    event = Event()
    page = f"{url}windows/{window.id}"
    event.add("uid", f"{window.id}@maintenance-gateway")
    event.add("sequence", window.row_version - 1)
    event.add("dtstamp", window.updated_at.astimezone(UTC))
    event.add("created", window.created_at.astimezone(UTC))
    event.add("last-modified", window.updated_at.astimezone(UTC))
    event.add("dtstart", window.starts_at.astimezone(UTC))
    event.add("dtend", _until(window, now).astimezone(UTC))
    event.add("summary", window.title)
    text = "\n\n".join(part for part in (markdown_text(window.description), page) if part)
    event.add("description", text)
    event.add("categories", [language.words(KIND_BADGES[window.kind].word)])
    event.add("url", page)
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")  # it takes nobody's own time
    return event


def _until(window: Window, now: datetime) -> datetime:
    """Return the real end of a window that is over, else the estimate, which is never before the beginning."""
    ended = window.stops_at
    return ended if ended is not None and ended <= now else window.scheduled_until
