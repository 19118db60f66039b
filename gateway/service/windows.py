"""Windows: the use cases. Each write is one transaction of row, audit entry and version, and is waited for."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.access import Actor
from gateway.domain.errors import InvalidError, StaleError
from gateway.domain.window import State, Verb, Window, cancel, end, extend, reopen, require, start
from gateway.service import state as state_service
from gateway.service.drafted import component_pairs, insert_drafted, with_change
from gateway.service.drafts.windows import EffectDraft, UpdateDraft, WindowChange, WindowDraft
from gateway.service.following import follow
from gateway.service.series import SeriesOfWindows
from gateway.store import audit, windows
from gateway.store.pool import Database, Session
from gateway.store.snapshot import database_clock
from gateway.store.windows import WindowFilter

NOT_OVER = frozenset({State.SCHEDULED, State.ACTIVE, State.OVERRUNNING})
OVER = frozenset({State.ENDED, State.CANCELLED})


class Windows:
    """What can be done to windows, and by whom it was done is recorded. Permission was asked before (web/auth.py)."""

    def __init__(self, database: Database, state: state_service.State) -> None:
        """Write to `database`, and wait for `state` to follow."""
        self._database = database
        self._state = state

    async def list(self, *, states: frozenset[State] | None = None, limit: int = 100) -> list[Window]:
        """Return windows in some states (None: in any), the latest start first; those not over: the next first."""
        return [*await self.page(WindowFilter(states=states), limit=limit)]

    async def page(
        self, selected: WindowFilter, *, after: tuple[datetime, UUID] | None = None, limit: int
    ) -> Sequence[Window]:
        """Return selected windows behind a place (start, id), in the order of `list`."""
        async with self._database.session() as session:
            return await windows.list_windows(
                session, selected, soonest_first=_is_to_come(selected.states), after=after, most=limit
            )

    async def get(self, window_id: UUID) -> Window:
        """Return one window.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.session() as session:
            return await windows.get_window(session, window_id)

    async def create(self, draft: WindowDraft, actor: Actor) -> Window:
        """Schedule a window, or start it now where the draft names no time; with a recurrence, a series of them.

        Raises:
            InvalidError: a component does not exist, the database refuses a value, or a series can't be had so.
        """
        if draft.recurrence is not None:
            return await SeriesOfWindows(self._database, self._state).create(draft, actor)
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            now = await database_clock(session)
            starts_at = draft.starts_at or now
            window_id = await insert_drafted(session, draft, starts_at)
            window = await windows.get_window(session, window_id)
            action = "window.scheduled" if starts_at > now else "window.started"
            await audit.record(session, actor, action, window_id, after=windows.document(window))
            version = await session.run("state_version")
        await follow(self._state, self._database, version)
        return window

    async def edit(
        self, window_id: UUID, change: WindowChange, actor: Actor, *, row_version: int | None = None
    ) -> Window:
        """Change what the change names; with `row_version` only if the window is still at that version.

        Raises:
            NotFoundError: there is no such window.
            StaleError: it was changed since.
            ConflictError: its state does not allow that.
        """

        def apply(window: Window, now: datetime) -> Window:
            require(window, Verb.EDIT, now)
            changed = with_change(window, change)
            if change.starts_at is not None and window.state(now) is not State.SCHEDULED and change.starts_at > now:
                raise InvalidError({"starts_at": "the window has started already: it can't start in the future"})
            return end(changed, now) if change.fixed else changed

        action = "window.ended" if change.fixed else "window.edited"
        return await self._change(
            window_id, actor, action, apply, components=change.components, row_version=row_version
        )

    async def start(self, window_id: UUID, actor: Actor, *, row_version: int | None = None) -> Window:
        """Start a scheduled window now."""
        return await self._change(window_id, actor, "window.started", start, row_version=row_version)

    async def extend(self, window_id: UUID, by: timedelta, actor: Actor, *, row_version: int | None = None) -> Window:
        """Move the estimated end."""

        def apply(window: Window, now: datetime) -> Window:
            return extend(window, by, now)

        return await self._change(window_id, actor, "window.extended", apply, row_version=row_version)

    async def end(self, window_id: UUID, actor: Actor, *, fixed: bool = True, row_version: int | None = None) -> Window:
        """End an active window: traffic goes through again."""

        def apply(window: Window, now: datetime) -> Window:
            return end(window, now, fixed=fixed)

        return await self._change(window_id, actor, "window.ended", apply, row_version=row_version)

    async def cancel(self, window_id: UUID, actor: Actor, *, row_version: int | None = None) -> Window:
        """Cancel a scheduled window."""
        return await self._change(window_id, actor, "window.cancelled", cancel, row_version=row_version)

    async def reopen(
        self, window_id: UUID, actor: Actor, *, remaining: timedelta | None = None, row_version: int | None = None
    ) -> Window:
        """Put a window that was ended wrongly in force again; `remaining` is how long it lasts from now on."""

        def apply(window: Window, now: datetime) -> Window:
            return reopen(window, now, remaining)

        return await self._change(window_id, actor, "window.reopened", apply, row_version=row_version)

    async def post(self, window_id: UUID, draft: UpdateDraft, actor: Actor) -> Window:
        """Post an update on the timeline."""
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            window = await windows.get_window(session, window_id)
            require(window, Verb.POST, await database_clock(session))
            await windows.insert_update(session, window_id, draft.status, draft.body, draft.translations)
            await audit.record(session, actor, "window.posted", window_id, after=draft.model_dump(mode="json"))
            window, version = await _after(session, window_id)
        await follow(self._state, self._database, version)
        return window

    async def _change(
        self,
        window_id: UUID,
        actor: Actor,
        action: str,
        apply: Callable[[Window, datetime], Window],
        *,
        components: tuple[EffectDraft, ...] | None = None,
        row_version: int | None = None,
    ) -> Window:
        """Read, apply a pure transition, write, audit; then wait until this gateway follows it.

        Raises:
            NotFoundError: there is no such window.
            StaleError: it is not at `row_version` any more.
            ConflictError: its state does not allow that.
        """
        async with self._database.transaction() as session:
            await session.run("lock_state_version")
            before = await windows.get_window(session, window_id)
            if row_version is not None and before.row_version != row_version:
                raise StaleError(f'the window "{before.title}" was changed by somebody else in the meantime')
            await windows.update_window(session, apply(before, await database_clock(session)))
            if components is not None:
                await windows.set_window_components(session, window_id, component_pairs(components))
            window, version = await _after(session, window_id)
            documents = {"before": windows.document(before), "after": windows.document(window)}
            await audit.record(session, actor, action, window_id, **documents)
        await follow(self._state, self._database, version)
        return window


def _is_to_come(states: frozenset[State] | None) -> bool:
    return states is not None and states <= NOT_OVER


async def _after(session: Session, window_id: UUID) -> tuple[Window, int]:
    return await windows.get_window(session, window_id), await session.run("state_version")
