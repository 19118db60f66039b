"""The first sentence: how the product does, said in one line, from windows and components."""

from dataclasses import dataclass
from datetime import timedelta

from gateway.domain.component import ComponentStatus, worst
from gateway.domain.snapshot import Moment
from gateway.domain.window import Gate, Kind, State, Window
from gateway.render.language import Language, message
from gateway.render.look import Branding
from gateway.render.wording import COMPONENT_BADGES, KIND_BADGES, STATE_BADGES, Badge, Tone

# Instants are shown to the minute: a promise is rounded up.
_ALMOST_A_MINUTE = timedelta(seconds=59.999)
_OPEN_TITLES = {
    Kind.MAINTENANCE: message("We are working on %(product)s"),
    Kind.DOWNTIME: message("We know of a problem with %(product)s"),
    Kind.DEGRADATION: message("%(product)s is not working as well as usual"),
}
_COMPONENT_TITLES = {
    ComponentStatus.UNDER_MAINTENANCE: message("Some parts are under maintenance"),
    ComponentStatus.DEGRADED_PERFORMANCE: message("Some parts are slower than usual"),
    ComponentStatus.PARTIAL_OUTAGE: message("Some parts are partly out of order"),
    ComponentStatus.MAJOR_OUTAGE: message("Some parts are out of order"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """The first thing on a page: how the product does, in one line and one or two sentences."""

    badge: Badge
    title: str
    text: str


def headline(moment: Moment, branding: Branding, language: Language) -> Headline:
    """Say in one line how the product does: by the most serious active window, else by its components."""
    product, words = branding.product, language.words
    if moment.snapshot is None:
        unread = words("We can't read the status of %(product)s at the moment.", product=product)
        held = words("To be on the safe side, requests are held back until we know.")
        works = words("That alone says nothing about whether it works.")
        return Headline(
            badge=Badge("Status not known", "question", Tone.QUIET),
            title=words("The current status is not known"),
            text=language.together(unread, held if moment.close_unknown else works),
        )
    serious = [window for window in by_severity(moment) if window.kind is not Kind.ANNOUNCEMENT or _gates(window)]
    if serious:
        return _window_headline(serious[0], serious[0].state(moment.at), product, language)
    if moment.reopening:
        return _reopening_headline(moment.reopening, branding, language)
    return _component_headline(moment, product, language)


def _reopening_headline(windows: tuple[Window, ...], branding: Branding, language: Language) -> Headline:
    whole = any(window.scope.is_everything for window in windows)
    latest = max(window.stops_at + window.reopen_over for window in windows if window.stops_at) + _ALMOST_A_MINUTE
    title = message("%(product)s is coming back") if whole else message("Part of %(product)s is coming back")
    text = language.words(
        "It is over. We let everybody back in step by step: your turn comes by %(time)s.",
        time=language.instant(latest, branding.time_zone),
    )
    said = language.words(title, product=branding.product)
    return Headline(badge=Badge("Reopening", "pulse", Tone.WORK), title=said, text=text)


def _window_headline(window: Window, state: State, product: str, language: Language) -> Headline:
    badge = STATE_BADGES[State.OVERRUNNING] if state is State.OVERRUNNING else KIND_BADGES[window.kind]
    announced = window.kind is Kind.ANNOUNCEMENT and window.gate is Gate.NONE
    title = window.in_language(language.tag).title if announced else language.words(_title(window), product=product)
    return Headline(badge=badge, title=title, text=effect(window, state, product, language))


def _title(window: Window) -> str:
    match window.gate, window.kind:
        case Gate.NONE, kind:
            return _OPEN_TITLES[kind]
        case Gate.READ_ONLY, _kind:
            whole = message("%(product)s is read-only for now")
            part = message("Part of %(product)s is read-only for now")
        case Gate.CLOSED, Kind.MAINTENANCE:
            whole = message("%(product)s is down for maintenance")
            part = message("Part of %(product)s is down for maintenance")
        case _:
            whole = message("%(product)s is not available")
            part = message("Part of %(product)s is not available")
    return whole if window.scope.is_everything else part


def _component_headline(moment: Moment, product: str, language: Language) -> Headline:
    shown = [moment.component_statuses[component.slug] for component in moment.public_components]
    status = worst(*shown)
    if status is ComponentStatus.OPERATIONAL:
        return Headline(
            badge=Badge("Operational", "check", Tone.GOOD),
            title=language.words("All systems operational") if shown else language.words("No known problems"),
            text=language.words("%(product)s is working as it should.", product=product),
        )
    affected = sum(1 for each in shown if each is not ComponentStatus.OPERATIONAL)
    text = language.count(
        "One part of %(product)s affected; the list below shows which.",
        "%(number)s parts of %(product)s affected; the list below shows which.",
        affected,
        product=product,
    )
    return Headline(badge=COMPONENT_BADGES[status], title=language.words(_COMPONENT_TITLES[status]), text=text)


def effect(window: Window, state: State, product: str, language: Language) -> str:
    """Say what the window means for who uses the product; empty for what is over, and for mere announcements."""
    said: tuple[str, ...] = ()
    if state is State.SCHEDULED:
        said = _effects_later(window)
    elif state not in (State.ENDED, State.CANCELLED):
        said = _effects_now(window)
    return language.together(*(language.words(each, product=product) for each in said))


def _effects_later(window: Window) -> tuple[str, ...]:
    match window.gate, window.kind:
        case Gate.CLOSED, _kind if window.scope.is_everything:
            return (message("You can't use %(product)s while this lasts."),)
        case Gate.CLOSED, _kind:
            return (message("You can't use part of %(product)s while this lasts."),)
        case Gate.READ_ONLY, _kind:
            return (message("While this lasts you can look at everything, but changes can't be saved."),)
        case Gate.NONE, Kind.ANNOUNCEMENT:
            return ()
    return (message("%(product)s stays available, but parts of it may be slow or not work."),)


def _effects_now(window: Window) -> tuple[str, ...]:
    match window.gate, window.kind:
        case Gate.CLOSED, kind:
            planned = kind is Kind.MAINTENANCE
            sorry = message("Sorry for the interruption.") if planned else message("Sorry, we know about it.")
            if window.scope.is_everything:
                return sorry, message("You can't use %(product)s until this is over.")
            return sorry, message("You can't use part of %(product)s until this is over.")
        case Gate.READ_ONLY, _kind:
            return (message("You can look at everything, but changes can't be saved."),)
        case Gate.NONE, Kind.ANNOUNCEMENT:
            return ()
    return (message("%(product)s is still available, but parts of it may be slow or not work."),)


def by_severity(moment: Moment) -> tuple[Window, ...]:
    """Return the active windows, the strictest gate first, then the kind that matters most, then the oldest."""
    gates, kinds = list(Gate), [Kind.DOWNTIME, Kind.MAINTENANCE, Kind.DEGRADATION, Kind.ANNOUNCEMENT]
    return tuple(sorted(moment.active, key=lambda w: (-gates.index(w.gate), kinds.index(w.kind), w.starts_at)))


def _gates(window: Window) -> bool:
    return window.gate is not Gate.NONE
