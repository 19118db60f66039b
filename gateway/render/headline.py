"""The first sentence: how the product does, said in one line, from windows and components."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.component import ComponentStatus, worst
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind, State, Window
from gateway.render.wording import COMPONENT_BADGES, KIND_BADGES, STATE_BADGES, Badge, Tone, instant_words

# Instants are shown to the minute: a promise is rounded up.
_ALMOST_A_MINUTE = timedelta(seconds=59.999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The first thing on a page: how the product does, in one line and one or two sentences."""

    badge: Badge
    title: str
    text: str


def headline(moment: Moment, product: str) -> Headline:
    """Say in one line how the product does: by the most serious active window, else by its components."""
    if moment.snapshot is None:
        held = "To be on the safe side, requests are held back until we know."
        works = "That alone says nothing about whether it works."
        return Headline(
            badge=Badge("Status not known", "question", Tone.QUIET),
            title="The current status is not known",
            text=f"We can't read the status of {product} at the moment. {held if moment.close_unknown else works}",
        )
    serious = [window for window in by_severity(moment) if window.kind is not Kind.ANNOUNCEMENT or _gates(window)]
    if serious:
        return _window_headline(serious[0], serious[0].state(moment.at), product)
    if moment.reopening:
        return _reopening_headline(moment.reopening, product)
    return _component_headline(moment, product)


def _reopening_headline(windows: tuple[Window, ...], product: str) -> Headline:
    whole = product if any(window.scope.is_everything for window in windows) else f"Part of {product}"
    latest = max(window.stops_at + window.reopen_over for window in windows if window.stops_at) + _ALMOST_A_MINUTE
    text = f"It is over. We let everybody back in step by step: your turn comes by {instant_words(latest)}."
    return Headline(badge=Badge("Reopening", "pulse", Tone.WORK), title=f"{whole} is coming back", text=text)


def _window_headline(window: Window, state: State, product: str) -> Headline:
    badge = STATE_BADGES[State.OVERRUNNING] if state is State.OVERRUNNING else KIND_BADGES[window.kind]
    whole = product if window.scope.is_everything else f"Part of {product}"
    if window.gate is Gate.CLOSED:
        title = f"{whole} is down for maintenance" if window.kind is Kind.MAINTENANCE else f"{whole} is not available"
    elif window.gate is Gate.READ_ONLY:
        title = f"{whole} is read-only for now"
    else:
        title = {
            Kind.MAINTENANCE: f"We are working on {product}",
            Kind.DOWNTIME: f"We know of a problem with {product}",
            Kind.DEGRADATION: f"{product} is not working as well as usual",
            Kind.ANNOUNCEMENT: window.title,
        }[window.kind]
    return Headline(badge=badge, title=title, text=effect(window, state, product))


def _component_headline(moment: Moment, product: str) -> Headline:
    shown = [moment.component_statuses[component.slug] for component in moment.public_components]
    status = worst(*shown)
    if status is ComponentStatus.OPERATIONAL:
        title = "All systems operational" if shown else "No known problems"
        return Headline(
            badge=Badge("Operational", "check", Tone.GOOD), title=title, text=f"{product} is working as it should."
        )
    affected = sum(1 for each in shown if each is not ComponentStatus.OPERATIONAL)
    title = {
        ComponentStatus.UNDER_MAINTENANCE: "Some parts are under maintenance",
        ComponentStatus.DEGRADED_PERFORMANCE: "Some parts are slower than usual",
        ComponentStatus.PARTIAL_OUTAGE: "Some parts are partly out of order",
        ComponentStatus.MAJOR_OUTAGE: "Some parts are out of order",
    }[status]
    parts = "One part" if affected == 1 else f"{affected} parts"
    return Headline(
        badge=COMPONENT_BADGES[status], title=title, text=f"{parts} of {product} affected; the list below shows which."
    )


def effect(window: Window, state: State, product: str) -> str:
    """Say what the window means for who uses the product; empty for what is over, and for mere announcements."""
    if state in (State.ENDED, State.CANCELLED):
        return ""
    later = state is State.SCHEDULED
    if window.gate is Gate.CLOSED:
        whole = product if window.scope.is_everything else f"part of {product}"
        if later:
            return f"You can't use {whole} while this lasts."
        sorry = "Sorry for the interruption." if window.kind is Kind.MAINTENANCE else "Sorry, we know about it."
        return f"{sorry} You can't use {whole} until this is over."
    if window.gate is Gate.READ_ONLY:
        return f"{'While this lasts you' if later else 'You'} can look at everything, but changes can't be saved."
    if window.kind is Kind.ANNOUNCEMENT:
        return ""
    return f"{product} {'stays' if later else 'is still'} available, but parts of it may be slow or not work."


def by_severity(moment: Moment) -> tuple[Window, ...]:
    """Return the active windows, the strictest gate first, then the kind that matters most, then the oldest."""
    gates, kinds = list(Gate), [Kind.DOWNTIME, Kind.MAINTENANCE, Kind.DEGRADATION, Kind.ANNOUNCEMENT]
    return tuple(sorted(moment.active, key=lambda w: (-gates.index(w.gate), kinds.index(w.kind), w.starts_at)))


def _gates(window: Window) -> bool:
    return window.gate is not Gate.NONE
