"""Sessions: where operators are signed in, kept in PostgreSQL by the hash of their token alone."""

from datetime import timedelta
from uuid import UUID

from gateway.domain.access import Actor, SignInMethod
from gateway.domain.errors import NotFoundError
from gateway.domain.rate import client_key
from gateway.service.secrets import new_secret, secret_hash
from gateway.store import audit, operators, sessions
from gateway.store.operators import Operator
from gateway.store.pool import Database, Session
from gateway.store.sessions import SignedIn


class Sessions:
    """Who is signed in where. A session ends by itself after `lifetime`, or when it was not used for `idle`."""

    def __init__(self, database: Database, *, lifetime: timedelta, idle: timedelta) -> None:
        """Keep sessions in `database`."""
        self._database = database
        self._lifetime = lifetime
        self._idle = idle

    async def begin(
        self,
        session: Session,
        operator: Operator,
        method: SignInMethod,
        *,
        address: str,
        user_agent: str,
        replaces: str = "",
    ) -> str:
        """Sign an operator in, in the caller's transaction, and return the session's token: always a fresh one.

        `replaces` is the token that the browser holds already: that session ends, whoever's it was.
        """
        if replaces:
            await _end(session, replaces, address)
        token = new_secret()
        await sessions.insert_session(
            session,
            token_hash=secret_hash(token),
            operator_id=operator.id,
            lifetime=self._lifetime,
            method=method,
            address=address,
            user_agent=user_agent,
        )
        await sessions.remember_network(session, operator.id, client_key(address))
        actor, after = Actor(name=operator.email, address=address), {"method": method}
        await audit.record(session, actor, "operator.signed_in", operator.email, after=after)
        return token

    async def operator(self, token: str) -> Operator | None:
        """Return whose session it is; None where it has ended or never was. It counts as used."""
        async with self._database.session() as session:
            return await sessions.session_operator(session, secret_hash(token), self._idle)

    async def list(self, operator_id: UUID, token: str) -> list[SignedIn]:
        """Return where an operator is signed in, the latest first; the one of `token` is marked."""
        async with self._database.session() as session:
            return await sessions.operator_sessions(session, operator_id, secret_hash(token), self._idle)

    async def end(self, token: str, address: str) -> None:
        """End a session, as its operator asks from `address`; one that has ended already stays so."""
        async with self._database.transaction() as session:
            await _end(session, token, address)

    async def revoke(self, operator: Operator, session_id: UUID, actor: Actor) -> None:
        """End one of an operator's sessions.

        Raises:
            NotFoundError: the operator has none with this id (any more).
        """
        async with self._database.transaction() as session:
            if not await sessions.delete_session_of(session, operator.id, session_id):
                raise NotFoundError("you are not signed in there any more")
            await _record_revoked(session, operator.email, actor, 1)

    async def revoke_others(self, operator: Operator, token: str, actor: Actor) -> int:
        """End all sessions of an operator but that of `token`; return how many."""
        async with self._database.transaction() as session:
            count = await sessions.delete_other_sessions(session, operator.id, secret_hash(token))
            if count:
                await _record_revoked(session, operator.email, actor, count)
            return count

    async def revoke_all(self, who: UUID | str, actor: Actor) -> int:
        """End all sessions of an operator, named by id or e-mail address; return how many.

        Raises:
            NotFoundError: there is no such operator.
        """
        async with self._database.transaction() as session:
            operator = await operators.get_operator(session, who)
            count = await sessions.delete_operator_sessions(session, operator.id)
            await _record_revoked(session, operator.email, actor, count)
            return count


async def _end(session: Session, token: str, address: str) -> None:
    email = await sessions.delete_session(session, secret_hash(token))
    if email is not None:
        await audit.record(session, Actor(name=email, address=address), "operator.signed_out", email)


async def _record_revoked(session: Session, email: str, actor: Actor, count: int) -> None:
    await audit.record(session, actor, "operator.sessions_revoked", email, after={"sessions": count})
