"""Where operators are signed in, as rows. Tokens arrive here as hashes, and never leave."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gateway.domain.access import SignInMethod
from gateway.store.operators import Operator
from gateway.store.pool import Session, storable

_LONGEST_USER_AGENT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """One browser in which somebody is signed in; `is_this`: the one that asks.

    `last_used_at` may be a minute behind. It ends at `expires_at`, or when it was not used for `admin.session_idle`.
    """

    id: UUID
    method: str
    address: str
    user_agent: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    is_this: bool

    @classmethod
    def from_row(cls, row: Any) -> "SignedIn":
        """Read a row of `operator_sessions`."""
        return cls(**row)


async def insert_session(
    session: Session,
    *,
    token_hash: bytes,
    operator_id: UUID,
    lifetime: timedelta,
    method: SignInMethod,
    address: str,
    user_agent: str,
) -> None:
    """Record a sign-in."""
    await session.run("delete_expired_sessions")
    await session.run(
        "insert_session",
        token_hash=token_hash,
        operator_id=operator_id,
        lifetime=lifetime,
        method=method,
        address=address,
        user_agent=storable(user_agent[:_LONGEST_USER_AGENT]),
    )
    await session.run("operator_was_seen", id=operator_id)


async def session_operator(session: Session, token_hash: bytes, idle: timedelta) -> Operator | None:
    """Find the operator of a session that is still good, and note that it was used."""
    row = await session.run("session_operator", token_hash=token_hash, idle=idle)
    return Operator.from_row(row) if row else None


async def operator_sessions(session: Session, operator_id: UUID, token_hash: bytes, idle: timedelta) -> list[SignedIn]:
    """Return where an operator is signed in, the latest first."""
    rows = await session.rows("operator_sessions", operator_id=operator_id, token_hash=token_hash, idle=idle)
    return [SignedIn.from_row(row) for row in rows]


async def delete_session(session: Session, token_hash: bytes) -> str | None:
    """End a session; return the e-mail address of its operator, None where there is no such session."""
    email: str | None = await session.run("delete_session", token_hash=token_hash)
    return email


async def delete_session_of(session: Session, operator_id: UUID, session_id: UUID) -> bool:
    """End one session of an operator; False where it has ended already."""
    return await session.run("delete_session_of", operator_id=operator_id, id=session_id) is not None


async def delete_other_sessions(session: Session, operator_id: UUID, token_hash: bytes) -> int:
    """End all sessions of an operator but one; return how many."""
    return len(await session.rows("delete_other_sessions", operator_id=operator_id, token_hash=token_hash))


async def delete_operator_sessions(session: Session, operator_id: UUID) -> int:
    """End all sessions of an operator; return how many."""
    return len(await session.rows("delete_operator_sessions", operator_id=operator_id))


async def remember_network(session: Session, operator_id: UUID, network: str) -> None:
    """Note from where an operator has signed in; what was not used for 90 days is forgotten."""
    await session.run("forget_old_networks")
    await session.run("remember_network", operator_id=operator_id, network=network)


async def familiar_networks(session: Session) -> frozenset[tuple[str, str]]:
    """Return the e-mail addresses of operators, in lower case, each with a network from which they have signed in."""
    return frozenset((row["email"], row["network"]) for row in await session.rows("familiar_networks"))
