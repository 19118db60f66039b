"""Second factors and the sign-ins that wait for one, as rows. Tokens and recovery codes arrive here as hashes."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.access import SignInMethod
from gateway.store.operators import Operator
from gateway.store.pool import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """An operator's authenticator app. `secret` is encrypted; `wrong_codes` are those of the last hour.

    `now` is PostgreSQL's time, by which all gateways agree on which code is right.
    """

    secret: bytes
    is_confirmed: bool
    last_step: int
    wrong_codes: int
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingSignIn:
    """A sign-in that waits for a code: whose, and by what it began."""

    operator: Operator
    method: SignInMethod


async def find_authenticator(session: Session, operator_id: UUID) -> Authenticator | None:
    """Find an operator's authenticator, confirmed or not, and hold it until the transaction ends."""
    row = await session.run("authenticator", operator_id=operator_id)
    return Authenticator(**row) if row else None


async def put_authenticator(session: Session, operator_id: UUID, secret: bytes) -> bool:
    """Keep the secret of an authenticator that is being set up; False where one is confirmed already."""
    return await session.run("put_authenticator", operator_id=operator_id, secret=secret) is not None


async def authenticator_key(session: Session, new: bytes) -> bytes:
    """Return the key that secrets are encrypted with, which is `new` where there was none."""
    await session.run("insert_authenticator_key", secret=new)
    key: bytes = await session.run("authenticator_key")
    return key


async def put_recovery_codes(session: Session, operator_id: UUID, hashes: Iterable[bytes]) -> None:
    """Keep an operator's recovery codes in place of those there were."""
    await session.run("delete_recovery_codes", operator_id=operator_id)
    for code_hash in hashes:
        await session.run("insert_recovery_code", operator_id=operator_id, code_hash=code_hash)


async def take_recovery_code(session: Session, operator_id: UUID, code_hash: bytes) -> bool:
    """Use a recovery code up; False where there is none such."""
    return await session.run("take_recovery_code", operator_id=operator_id, code_hash=code_hash) is not None


async def count_recovery_codes(session: Session, operator_id: UUID) -> int:
    """Count the recovery codes that an operator has left."""
    count: int = await session.run("count_recovery_codes", operator_id=operator_id)
    return count


async def delete_second_factor(session: Session, operator_id: UUID) -> None:
    """Remove an operator's authenticator and recovery codes; sign-ins that wait for a code begin anew."""
    for query in ("delete_authenticator", "delete_recovery_codes", "delete_pending_sign_ins"):
        await session.run(query, operator_id=operator_id)


async def insert_pending(
    session: Session, token_hash: bytes, operator_id: UUID, method: SignInMethod, lifetime: timedelta
) -> None:
    """Keep a sign-in that waits for a code; those that have waited too long go."""
    await session.run("delete_expired_pending_sign_ins")
    await session.run(
        "insert_pending_sign_in", token_hash=token_hash, operator_id=operator_id, method=method, lifetime=lifetime
    )


async def find_pending(session: Session, token_hash: bytes, most: int) -> PendingSignIn | None:
    """Find a sign-in that waits for a code and has had less than `most` attempts."""
    row = await session.run("pending_sign_in", token_hash=token_hash, most=most)
    return PendingSignIn(operator=Operator.from_row(row), method=SignInMethod(row["method"])) if row else None


async def count_attempt(session: Session, token_hash: bytes, most: int) -> bool:
    """Count an attempt at a pending sign-in, and hold it; False where it is gone, or had `most` already."""
    return await session.run("count_attempt", token_hash=token_hash, most=most) is not None
