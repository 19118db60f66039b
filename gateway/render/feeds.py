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
from gateway.render.markdown import markdown_html
from gateway.render.wording import KIND_BADGES, UPDATE_BADGES, duration_words, instant_words

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


def entries(moment: Moment) -> list[Entry]:
    """Return what was said up to the moment, the newest first."""
    windows = moment.snapshot.windows if moment.snapshot else ()
    found = [entry for window in windows for entry in _of(window, moment.at)]
    return sorted(found, key=lambda entry: (entry.at, str(entry.id)), reverse=True)[:_MOST]


def atom(moment: Moment, product: str, url: str) -> bytes:
    """Write the Atom feed of the status page at `url`, which ends with a slash."""
    return _written(feedgenerator.Atom1Feed, "feed.atom", moment, product, url)


def rss(moment: Moment, product: str, url: str) -> bytes:
    """Write the RSS feed of the status page at `url`, which ends with a slash."""
    return _written(feedgenerator.Rss201rev2Feed, "feed.rss", moment, product, url)


def _written(kind: type[feedgenerator.SyndicationFeed], name: str, moment: Moment, product: str, url: str) -> bytes:
    feed = kind(
        title=_plain(f"Status of {product}"),
        link=url,
        description=_plain(f"Maintenance and incidents of {product}"),
        language="en",
        author_name=_plain(product),
        feed_url=url + name,
        feed_guid=url,
        ttl=_MINUTES_BETWEEN_LOOKS,
    )
    for entry in entries(moment):
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


def _of(window: Window, now: datetime) -> Iterator[Entry]:
    description = markdown_html(window.description)
    if window.created_at < window.starts_at:
        yield Entry(
            id=uuid5(window.id, "announced"),
            window=window.id,
            title=f"Scheduled: {window.title}",
            html=_times(window) + description,
            at=window.created_at,
        )
    if window.starts_at <= now:
        yield Entry(
            id=uuid5(window.id, "started"),
            window=window.id,
            title=f"{KIND_BADGES[window.kind].word}: {window.title}",
            html=_times(window) + description,
            at=window.starts_at,
        )
    for update in window.updates:
        yield Entry(
            id=update.id,
            window=window.id,
            title=f"{UPDATE_BADGES[update.status].word}: {window.title}",
            html=markdown_html(update.body),
            at=update.created_at,
        )
    if window.stops_at is not None and window.state(now) is State.ENDED:
        latest = max(window.updates, key=lambda update: update.created_at, default=None)
        if latest is None or latest.status not in _LAST_WORDS:
            yield Entry(
                id=uuid5(window.id, f"ended {window.stops_at.isoformat()}"),  # it may be put in force again
                window=window.id,
                title=f"{state_badge(window, State.ENDED).word}: {window.title}",
                html=Markup("<p>It took {}.</p>").format(duration_words(window.stops_at - window.starts_at)),
                at=window.stops_at,
            )


def _times(window: Window) -> Markup:
    return Markup("<p>{}, expected to take {}.</p>").format(
        instant_words(window.starts_at), duration_words(window.estimated_duration)
    )


def _plain(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
