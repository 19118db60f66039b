"""Windows and components as the panel lists them."""

from aiohttp import web

from gateway.domain.component import Component
from gateway.domain.languages import ENGLISH
from gateway.domain.snapshot import Moment
from gateway.domain.window import Window, possible
from gateway.render.contexts import Part, window_view
from gateway.render.language import language_of
from gateway.render.panel import ComponentRow, WindowRow, before_and_after, gate_words
from gateway.render.recurrence import recurring_words
from gateway.render.wording import COMPONENT_BADGES
from gateway.web.keys import BRANDING, SERVICES


def moment_now(request: web.Request) -> Moment:
    """Return the moment in force."""
    return request.app[SERVICES].state.moment


def window_row(request: web.Request, window: Window, *, most_posts: int | None = None) -> WindowRow:
    """Show a window with what can be done to it at the moment."""
    moment = moment_now(request)
    # The database's row may be a breath ahead of the moment in memory: the moment's clock decides about both.
    now = request.app[SERVICES].state.now()
    return WindowRow(
        view=window_view(
            window, moment, request.app[BRANDING], language_of(ENGLISH), most_posts=most_posts, for_sre=True
        ),
        gate=gate_words(window),
        scope=window.scope.words,
        before_and_after=before_and_after(window.reminders, window.reopen_over),
        row_version=window.row_version,
        verbs=frozenset(verb.value for verb in possible(window, now)),
        series=window.recurrence.series if window.recurrence else None,
        recurs=recurring_words(window.recurrence, window.starts_at) if window.recurrence else "",
    )


def window_rows(request: web.Request, windows: list[Window] | tuple[Window, ...]) -> tuple[WindowRow, ...]:
    """Show several windows, each with its latest post."""
    return tuple(window_row(request, window, most_posts=1) for window in windows)


def component_rows(moment: Moment, components: list[Component] | tuple[Component, ...]) -> tuple[ComponentRow, ...]:
    """Show components with their own status and the one that customers see."""
    return tuple(
        ComponentRow(
            slug=component.slug,
            name=component.name,
            group=component.group or "",
            own=component.status,
            shown=Part(
                name=component.name,
                badge=COMPONENT_BADGES[moment.component_statuses.get(component.slug, component.status)],
            ),
        )
        for component in components
    )
