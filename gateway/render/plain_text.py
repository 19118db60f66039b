"""The status in a few lines, for those who read neither HTML nor JSON."""

from gateway.domain.snapshot import Moment
from gateway.render.contexts import WindowView, status_page
from gateway.render.language import Language
from gateway.render.look import Branding
from gateway.render.markdown import markdown_text


def plain_text(moment: Moment, branding: Branding, language: Language) -> bytes:
    """Write what is the matter, since when, until when, and the latest word."""
    words, zone = language.words, branding.time_zone
    page = status_page(moment, branding, language)
    lines = [f"{page.headline.title}. {page.headline.text}".strip()]
    if moment.as_of:
        as_of = language.instant(moment.as_of, zone)
        lines.append(words("As of %(time)s: there may be news that can't be read at the moment.", time=as_of))
    for view in page.active:
        lines += _window_lines(view, branding, language)
    for view in page.upcoming:
        lines.append(f"{words('Scheduled')}: {view.title}, {language.instant(view.starts_at, zone)}.")
    if helpers := [where for where in (branding.support_email, branding.support_url.removeprefix("mailto:")) if where]:
        lines.append(words("Help: %(where)s", where=", ".join(helpers)))
    return "\n".join(lines).encode() + b"\n"


def _window_lines(view: WindowView, branding: Branding, language: Language) -> list[str]:
    words, zone = language.words, branding.time_zone
    since = words("since %(time)s", time=language.instant(view.starts_at, zone))
    if view.estimated_end is None:
        until = words("taking longer than planned")
    elif view.ends_on_time:
        until = words("until %(time)s", time=language.instant(view.estimated_end, zone))
    else:
        until = words("expected until %(time)s", time=language.instant(view.estimated_end, zone))
    lines = [f"{words(view.kind.word)}: {view.title}, {since}, {until}."]
    if view.posts:
        latest = view.posts[0]
        said = f"{words(latest.badge.word)} ({language.instant(latest.at, zone)})"
        lines.append(f"{said}: {markdown_text(latest.body)}")
    elif view.description:
        lines.append(markdown_text(view.description))
    return lines
