"""What is new, for feed readers: Atom (RFC 4287) and RSS 2.0.

An entry is something that was said or that happened: a window is announced, begins, is reported on, is over. Entries
never change, so readers that show each entry once miss nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

import feedgenerator
from markupsafe import Markup

from gateway.domain.snapshot import Moment
from gateway.domain.window import State, UpdateStatus, Window
from gateway.render.contexts import state_badge
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.markdown import markdown_html
from gateway.render.wording import KIND_BADGES, UPDATE_BADGES

_MOST = 50
_MINUTES_BETWEEN_LOOKS = "5"
_LAST_WORDS = frozenset({UpdateStatus.RESOLVED, UpdateStatus.COMPLETED})
# What XML 1.0 can't carry, escaped or not (section 2.2).
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something to read; `html` is safe."""

    id: UUID
    window: UUID
    title: str
    html: Markup
    at: datetime


def entries(moment: Moment, branding: Branding, language: Language) -> list[Entry]:
    """Return what was said up to the moment, the newest first."""
    windows = moment.snapshot.windows if moment.snapshot else ()
    found = [
        entry for window in windows for entry in _of(window.in_language(language.tag), moment.at, branding, language)
    ]
    return sorted(found, key=lambda entry: (entry.at, str(entry.id)), reverse=True)[:_MOST]


def atom(moment: Moment, branding: Branding, language: Language, url: str) -> bytes:
    """Write the Atom feed of the status page at `url`, which ends with a slash."""
    feed = feedgenerator.Atom1Feed(**_about(branding, language, url), feed_url=f"{url}feed.atom")
    return _filled(feed, entries(moment, branding, language), url)


def rss(moment: Moment, branding: Branding, language: Language, url: str) -> bytes:
    """Write the RSS feed of the status page at `url`, which ends with a slash."""
    feed = feedgenerator.Rss201rev2Feed(**_about(branding, language, url), feed_url=f"{url}feed.rss")
    return _filled(feed, entries(moment, branding, language), url)


def _about(branding: Branding, language: Language, url: str) -> dict[str, str]:
    product = branding.product
    return {
        "title": _plain(language.words("Status of %(product)s", product=product)),
        "link": url,
        "description": _plain(language.words("Maintenance and incidents of %(product)s", product=product)),
        "language": language.tag,
        "author_name": _plain(product),
        "feed_guid": url,
        "ttl": _MINUTES_BETWEEN_LOOKS,
    }


def _filled(feed: feedgenerator.SyndicationFeed, found: list[Entry], url: str) -> bytes:
    for entry in found:
        feed.add_item(
            title=_plain(entry.title),
            link=f"{url}windows/{entry.window}",
            description=_plain(entry.html),
            unique_id=f"urn:uuid:{entry.id}",
            unique_id_is_permalink=False,
            pubdate=entry.at,
            updateddate=entry.at,
        )
    return str(feed.writeString("utf-8")).encode()


def _of(window: Window, now: datetime, branding: Branding, language: Language) -> Iterator[Entry]:
    words = language.words
    description = markdown_html(window.description)
    if window.created_at < window.starts_at:
        yield Entry(
            id=uuid5(window.id, "announced"),
            window=window.id,
            title=f"{words('Scheduled')}: {window.title}",
            html=_times(window, branding, language) + description,
            at=window.created_at,
        )
    if window.starts_at <= now:
        yield Entry(
            id=uuid5(window.id, "started"),
            window=window.id,
            title=f"{words(KIND_BADGES[window.kind].word)}: {window.title}",
            html=_times(window, branding, language) + description,
            at=window.starts_at,
        )
    for update in window.updates:
        yield Entry(
            id=update.id,
            window=window.id,
            title=f"{words(UPDATE_BADGES[update.status].word)}: {window.title}",
            html=markdown_html(update.body),
            at=update.created_at,
        )
    if window.stops_at is not None and window.state(now) is State.ENDED:
        lasted = language.duration(window.stops_at - window.starts_at)
        latest = max(window.updates, key=lambda update: update.created_at, default=None)
        if latest is None or latest.status not in _LAST_WORDS:
            yield Entry(
                id=uuid5(window.id, f"ended {window.stops_at.isoformat()}"),  # it may be put in force again
                window=window.id,
                title=f"{words(state_badge(window, State.ENDED).word)}: {window.title}",
                html=_paragraph(words("It took %(duration)s.", duration=lasted)),
                at=window.stops_at,
            )


def _times(window: Window, branding: Branding, language: Language) -> Markup:
    return _paragraph(
        language.words(
            "%(time)s, expected to take %(duration)s.",
            time=language.instant(window.starts_at, branding.time_zone),
            duration=language.duration(window.estimated_duration),
        )
    )


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(text)


def _plain(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
