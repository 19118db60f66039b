"""Every page that is shown to everybody, in each of the states that it has."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from gateway.domain.access import Role
from gateway.domain.languages import LANGUAGES
from gateway.domain.past import Month, Period, months_until
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind, Window
from gateway.render import pages
from gateway.render.account_screens import AccountScreen, SessionRow
from gateway.render.environment import environment_of
from gateway.render.language import language_of
from gateway.render.logo import Logo
from gateway.render.look import FootLink
from gateway.render.panel import Shell, SignInScreen, Typed
from gateway.render.wording import Badge, Tone
from tests.render.samples import (
    BRANDING,
    EN,
    HOUR,
    MINUTE,
    SHOP,
    START,
    UNKNOWN,
    busy,
    component,
    effect,
    moment,
    update,
    window,
)
from tests.render.test_bars import DEGRADED, MAINTENANCE, MAJOR, OPERATIONAL, PARTIAL, days

_UPTIMES = {
    "website": days(*[OPERATIONAL] * 90),
    "api": days(*[OPERATIONAL] * 80, MAJOR, PARTIAL, *[OPERATIONAL] * 8, share=0.9953),
    "database": days(*[None] * 60, *[OPERATIONAL] * 20, MAINTENANCE, *[OPERATIONAL] * 9),
    "mail": days(*[OPERATIONAL] * 85, *[DEGRADED] * 5),
}
_OWN_LOOK = replace(
    BRANDING,
    accent="#7a1fa2",
    logo=Logo(uri="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E", width=64, height=32),
    support_text="Our team is there around the clock.",
    support_url="https://acme.example/help",
    links=(FootLink(name="Imprint", url="https://acme.example/imprint"),),
    introduction="Orders are **safe**. See [the terms](https://acme.example/terms).",
)
# All that Markdown makes, as a text of an SRE's may have it.
_EVERYTHING = """\
What changes:

1. Searches are **faster**
2. *Old* links go on working, see [the plan](https://example.com/plan)

> Orders placed before the start are delivered as usual.

| Part | Until |
|------|-------|
| `api` | 23:00 |

```
GET /orders
```

---
"""


def public_pages() -> Iterator[tuple[str, bytes]]:
    """Yield HTML by a name: the template's, and the state's."""
    yield from _gated()
    yield from _status()
    yield from _windows()
    yield from _messages()
    yield from _languages()
    screen = SignInScreen(form=Typed())
    yield "sign_in", _panel_page("admin/sign_in.html", screen)
    wrong = Typed(values={"email": "ada@acme.example"}, errors={"form": "The e-mail address or the password is wrong."})
    yield "sign_in: wrong", _panel_page("admin/sign_in.html", SignInScreen(form=wrong))
    yield "account", _panel_page("admin/account.html", _account(Typed()))
    wrong = Typed(errors={"old": "that is not the password until now"})
    yield "account: wrong", _panel_page("admin/account.html", _account(wrong))


def _gated() -> Iterator[tuple[str, bytes]]:
    for state, seen in {
        "closed": busy(),
        "read-only": moment(window(gate=Gate.READ_ONLY)),
        "overrunning": _overrunning(),
        "reopening": moment(window(ended_at=START + HOUR, reopen_over=5 * MINUTE), at=START + HOUR + MINUTE),
        "unknown": UNKNOWN,
        "out of date": replace(busy(), as_of=START),
    }.items():
        yield f"gated: {state}", pages.gated_page(seen, BRANDING, EN)
    yield "gated: refused write", pages.gated_page(busy(), BRANDING, EN, refused_write=True)
    yield "gated: own look", pages.gated_page(busy(), _OWN_LOOK, EN)


def _status() -> Iterator[tuple[str, bytes]]:
    inside = replace(SHOP, description="What customers don't see", collapsed=True)
    parts = component("website", description="What it is for"), component("api", group_id=SHOP.id)
    for state, seen in {
        "empty": moment(),
        "quiet": moment(components=parts, groups=(inside,)),
        "busy": busy(),
        "overrunning": _overrunning(),
        "unknown": UNKNOWN,
        "out of date": replace(busy(), as_of=START),
    }.items():
        yield f"status: {state}", pages.status_html(seen, BRANDING, EN, _UPTIMES)
    yield "status: own look", pages.status_html(busy(), _OWN_LOOK, EN, _UPTIMES)


def _overrunning() -> Moment:
    return moment(window(), at=START + 3 * HOUR, components=(component("database"),))


def _windows() -> Iterator[tuple[str, bytes]]:
    posts = tuple(update("in_progress", _EVERYTHING, START + number * MINUTE, number) for number in range(1, 12))
    effects = (effect("database", "under_maintenance"),)
    past = moment(_over(), window(5, title="Long ago", starts_at=START - 1000 * HOUR, ended_at=START - 999 * HOUR))
    for state, shown in {
        "scheduled": window(starts_at=START + 24 * HOUR, gate=Gate.NONE),
        "active": window(description=_EVERYTHING, components=effects, updates=posts),
        "ended": _over(),
        "cancelled": window(starts_at=START + HOUR, cancelled_at=START),
    }.items():
        seen = moment(shown, components=(component("database"),))
        yield f"window: {state}", pages.window_html(shown, seen, BRANDING, EN)
    for state, seen in {"months": past, "empty": moment(), "unknown": UNKNOWN}.items():
        yield f"history: {state}", pages.history_html(seen, BRANDING, EN)
    months = months_until(Month.of(START))
    period = Period(months=months, windows=(_over(),), is_complete=False, earlier=months[-1], later=months[0])
    yield "history: read", pages.history_html(moment(), BRANDING, EN, period)


def _over() -> Window:
    post = update("resolved", "All payments go through again.", START - 48 * HOUR)
    return window(
        4,
        kind=Kind.DOWNTIME,
        title="Checkout errors",
        starts_at=START - 50 * HOUR,
        ended_at=START - 48 * HOUR,
        fixed=True,
        updates=(post,),
    )


def _messages() -> Iterator[tuple[str, bytes]]:
    yield "message: 404", pages.not_found_page("The address may be incomplete.", BRANDING, EN)
    text = "The application did not answer in time."
    yield "message: 504", pages.unavailable_page("There is no answer", text, BRANDING, EN)
    badge = Badge("Problem type", "info", Tone.QUIET)
    yield "message: problem", pages.message_page("Refused because of a window", text, BRANDING, EN, badge=badge)


def _languages() -> Iterator[tuple[str, bytes]]:
    """The longest words, another script, and the one from right to left; with the switch."""
    everywhere = replace(BRANDING, languages=LANGUAGES, time_zone=ZoneInfo("Europe/Berlin"))
    for tag in ("de", "ja", "ar"):
        language = language_of(tag)
        yield f"gated: {tag}", pages.gated_page(busy(), everywhere, language)
        yield f"status: {tag}", pages.status_html(busy(), everywhere, language, _UPTIMES)


def _account(form: Typed) -> AccountScreen:
    sessions = tuple(
        SessionRow(
            id=UUID(int=number),
            browser=browser,
            method="by password",
            address="203.0.113.9",
            since=START,
            last_used_at=START + HOUR,
            is_this=number == 0,
        )
        for number, browser in enumerate(("Firefox on Linux", "Mobile Safari on iOS"))
    )
    return AccountScreen(
        email="ada@acme.example",
        role=Role.OPERATOR,
        has_password=True,
        has_second_factor=True,
        sessions=sessions,
        idle="2h",
        form=form,
    )


def _panel_page(template: str, screen: object) -> bytes:
    styles = tuple(f"{BRANDING.prefix}/assets/{name}" for name in ("base.css", "admin.css"))
    shell = Shell(branding=BRANDING, styles=styles)
    return environment_of().get_template(template).render(shell=shell, page=screen).encode()
