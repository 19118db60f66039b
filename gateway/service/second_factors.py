"""Second factors: an authenticator app and recovery codes, set up, asked for at sign-in, removed, reset."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from gateway.domain.access import Actor, SignInMethod
from gateway.domain.errors import ConflictError, ForbiddenError, InvalidError
from gateway.domain.observation import Observer, SignInFailed
from gateway.service import one_time_codes
from gateway.service.secrets import new_secret, secret_hash
from gateway.service.sessions import Sessions
from gateway.store import audit, operators, second_factors
from gateway.store.operators import Operator
from gateway.store.pool import Database, Session
from gateway.store.second_factors import Authenticator

PENDING_LIFETIME = timedelta(minutes=5)
MOST_ATTEMPTS = 5
"""At one sign-in; then it begins with the password again."""
MOST_WRONG = 10
"""Wrong codes of the app an hour, from everywhere; then recovery codes alone are taken. Those can't be guessed."""

_WRONG = "that code is not right, or was used already; wait for the next one"
_TOO_MANY = "too many wrong codes: use a recovery code, or try again in an hour"


class SecondFactorAskedError(ForbiddenError):
    """The password is right; now a code is needed."""

    def __init__(self, token: str) -> None:
        """Carry the token of the sign-in that waits for the code."""
        super().__init__()
        self.token = token


class SignInOverError(ForbiddenError):
    """This took too long, or there were too many wrong codes: sign in from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondFactor:
    """What an operator has. `secret` is that of an authenticator which is being set up, and not yet confirmed."""

    is_on: bool
    secret: bytes | None
    recovery_codes: int


async def ask_second_factor(session: Session, operator: Operator, method: SignInMethod) -> str:
    """Have a sign-in wait for a code, and return its token, which is no session."""
    token = new_secret()
    await second_factors.insert_pending(session, secret_hash(token), operator.id, method, PENDING_LIFETIME)
    return token


class SecondFactors:
    """Who has a second factor, and whether a code is right."""

    def __init__(self, database: Database, *, sessions: Sessions, observe: Observer) -> None:
        """Keep them in `database`; whoever sends a right code gets one of the `sessions`."""
        self._database = database
        self._sessions = sessions
        self._observe = observe

    async def pending(self, token: str) -> Operator | None:
        """Return who has given the right password and is asked for a code; None: nobody (any more)."""
        async with self._database.session() as session:
            found = await second_factors.find_pending(session, secret_hash(token), MOST_ATTEMPTS)
        return found.operator if found else None

    async def sign_in(self, token: str, code: str, *, address: str, user_agent: str, replaces: str = "") -> str:
        """End a sign-in that waits for a code, and return the token of its session.

        Raises:
            SignInOverError: it waits no more.
            InvalidError: the code is not right.
        """
        token_hash = secret_hash(token)
        async with self._database.transaction() as session:
            found = await second_factors.find_pending(session, token_hash, MOST_ATTEMPTS)
            if found is None or not await second_factors.count_attempt(session, token_hash, MOST_ATTEMPTS):
                raise SignInOverError
            operator = found.operator
            wrong = await self._check(session, operator, code, Actor(name=operator.email, address=address))
            if not wrong:
                await session.run("delete_pending_sign_in", token_hash=token_hash)
                return await self._sessions.begin(
                    session, operator, found.method, address=address, user_agent=user_agent, replaces=replaces
                )
        raise self._refused(operator, wrong, address)

    async def of(self, operator: Operator) -> SecondFactor:
        """Return what an operator has."""
        async with self._database.transaction() as session:
            found = await second_factors.find_authenticator(session, operator.id)
            left = await second_factors.count_recovery_codes(session, operator.id)
            if found is not None and found.is_confirmed:
                return SecondFactor(is_on=True, secret=None, recovery_codes=left)
            return SecondFactor(is_on=False, secret=await _secret(session, found), recovery_codes=left)

    async def begin(self, operator: Operator) -> None:
        """Begin to set an authenticator up, with a new secret; it counts once it is confirmed.

        Raises:
            ConflictError: there is one already.
        """
        async with self._database.transaction() as session:
            secret = one_time_codes.encrypted(one_time_codes.new_totp_secret(), await _key(session))
            if not await second_factors.put_authenticator(session, operator.id, secret):
                raise ConflictError("you have an authenticator app already; remove it first")

    async def confirm(self, operator: Operator, code: str, actor: Actor) -> tuple[str, ...]:
        """End setting up: the app's first code is right. Return recovery codes, for the only time.

        Raises:
            InvalidError: the code is not right.
            ConflictError: none is being set up.
        """
        async with self._database.transaction() as session:
            found = await second_factors.find_authenticator(session, operator.id)
            secret = await _secret(session, found)
            if found is None or found.is_confirmed or secret is None:
                raise ConflictError("no authenticator app is being set up; begin again")
            step = one_time_codes.step_of(one_time_codes.plain(code), secret, found.now.timestamp())
            if step is None:
                raise InvalidError({"code": "that code is not right; look whether the clock of your phone is"})
            await session.run("accept_code", operator_id=operator.id, step=step)
            await audit.record(session, actor, "operator.second_factor_added", operator.email)
            return await _new_codes(session, operator)

    async def new_recovery_codes(self, operator: Operator, code: str, actor: Actor) -> tuple[str, ...]:
        """Replace all recovery codes, and return the new ones, for the only time.

        Raises:
            InvalidError: the code is not right.
        """
        async with self._database.transaction() as session:
            wrong = await self._check(session, operator, code, actor)
            if not wrong:
                await audit.record(session, actor, "operator.recovery_codes_made", operator.email)
                return await _new_codes(session, operator)
        raise self._refused(operator, wrong, actor.address)

    async def remove(self, operator: Operator, code: str, actor: Actor) -> None:
        """Remove an operator's own second factor.

        Raises:
            InvalidError: the code is not right.
        """
        async with self._database.transaction() as session:
            wrong = await self._check(session, operator, code, actor)
            if not wrong:
                await second_factors.delete_second_factor(session, operator.id)
                await audit.record(session, actor, "operator.second_factor_removed", operator.email)
        if wrong:
            raise self._refused(operator, wrong, actor.address)

    async def reset(self, who: UUID | str, actor: Actor) -> Operator:
        """Remove the second factor of somebody who has lost it; sessions stay.

        Raises:
            NotFoundError: there is no such operator.
            ConflictError: the operator has no second factor.
        """
        async with self._database.transaction() as session:
            operator = await operators.get_operator(session, who)
            if not operator.has_second_factor:
                raise ConflictError(f"{operator.email} has no second factor")
            await second_factors.delete_second_factor(session, operator.id)
            await audit.record(session, actor, "operator.second_factor_reset", operator.email)
            return await operators.get_operator(session, operator.id)

    async def _check(self, session: Session, operator: Operator, code: str, actor: Actor) -> str:
        """Use a code up; return what is wrong with it, after that is counted and audited: commit it. Empty: nothing."""
        code = one_time_codes.plain(code)
        if not one_time_codes.is_of_app(code):
            if await second_factors.take_recovery_code(session, operator.id, secret_hash(code)):
                left = await second_factors.count_recovery_codes(session, operator.id)
                await audit.record(
                    session, actor, "operator.recovery_code_used", operator.email, after={"codes_left": left}
                )
                return ""
            wrong = _WRONG
        else:
            wrong = await self._check_app(session, operator, code)
        if wrong:
            await audit.record(session, actor, "operator.second_factor_failed", operator.email)
        return wrong

    async def _check_app(self, session: Session, operator: Operator, code: str) -> str:
        found = await second_factors.find_authenticator(session, operator.id)
        if found is None or not found.is_confirmed:
            return _WRONG
        if found.wrong_codes >= MOST_WRONG:
            return _TOO_MANY
        secret = await _secret(session, found)
        step = one_time_codes.step_of(code, secret, found.now.timestamp()) if secret else None
        if step is None or step <= found.last_step:
            await session.run("count_wrong_code", operator_id=operator.id)
            return _WRONG
        await session.run("accept_code", operator_id=operator.id, step=step)
        return ""

    def _refused(self, operator: Operator, wrong: str, address: str) -> InvalidError:
        self._observe(SignInFailed(email=operator.email, address=address))
        return InvalidError({"code": wrong})


async def _key(session: Session) -> bytes:
    return await second_factors.authenticator_key(session, secrets.token_bytes(one_time_codes.KEY_BYTES))


async def _secret(session: Session, found: Authenticator | None) -> bytes | None:
    return one_time_codes.decrypted(found.secret, await _key(session)) if found else None


async def _new_codes(session: Session, operator: Operator) -> tuple[str, ...]:
    codes = one_time_codes.new_recovery_codes()
    hashes = [secret_hash(one_time_codes.plain(code)) for code in codes]
    await second_factors.put_recovery_codes(session, operator.id, hashes)
    return codes
