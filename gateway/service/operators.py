"""Operators: signing in by password or one-time link, and the people themselves."""

from datetime import timedelta
from uuid import UUID

from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role, SignInMethod
from gateway.domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, StaleError
from gateway.domain.observation import Observer, SignInFailed
from gateway.service.drafts.operators import is_email, not_an_email
from gateway.service.passwords import checked_password
from gateway.service.second_factors import SecondFactorAskedError, ask_second_factor
from gateway.service.secrets import hash_password, new_secret, secret_hash, verify_password
from gateway.service.sessions import Sessions
from gateway.store import audit, operators, sessions
from gateway.store.operators import Link, Operator
from gateway.store.pool import Database, Session, storable

LINK_LIFETIME = timedelta(days=3)
FIRST_LINK_LIFETIME = timedelta(hours=24)


class Operators:
    """Who may use the panel. Links are kept by the hash of their token alone."""

    def __init__(self, database: Database, *, sessions: Sessions, product: str, observe: Observer) -> None:
        """Keep operators in `database`; whoever signs in gets one of the `sessions`. No password holds `product`."""
        self._database = database
        self._sessions = sessions
        self._product = product
        self._observe = observe

    async def sign_in(self, email: str, password: str, *, address: str, user_agent: str, replaces: str = "") -> str:
        """Start a session and return its token; the one that the browser has already ends (`replaces`).

        Raises:
            ForbiddenError: unknown, disabled, or the wrong password: it does not say which.
            SecondFactorAskedError: the password is right, and the operator has a second factor.
        """
        email = storable(email)
        async with self._database.session() as session:
            operator = await operators.operator_by_email(session, email)
        known = operator is not None and not operator.disabled
        right = await verify_password(operator.password_hash if operator and known else None, password)
        if operator is None or not right:
            self._observe(SignInFailed(email=email[:254], address=address))
            async with self._database.transaction() as session:
                await audit.record(session, Actor(name=email[:254], address=address), "operator.sign_in_failed")
            raise ForbiddenError("that e-mail address and password don't belong together")
        async with self._database.transaction() as session:
            if not operator.has_second_factor:
                return await self._sessions.begin(
                    session,
                    operator,
                    SignInMethod.PASSWORD,
                    address=address,
                    user_agent=user_agent,
                    replaces=replaces,
                )
            pending = await ask_second_factor(session, operator, SignInMethod.PASSWORD)
        raise SecondFactorAskedError(pending)

    async def change_password(
        self, operator: Operator, old: str, new: str, *, address: str, user_agent: str, replaces: str = ""
    ) -> str:
        """Change an operator's own password, and return the token of a fresh session; all others end.

        Raises:
            ForbiddenError: `old` is not the password until now.
            InvalidError: the new one is not allowed.
        """
        actor = Actor(name=operator.email, address=address)
        if not await verify_password(operator.password_hash, old):
            self._observe(SignInFailed(email=operator.email, address=address))
            async with self._database.transaction() as session:
                await audit.record(session, actor, "operator.password_change_failed", operator.email)
            raise ForbiddenError("that is not the password until now")
        if new == old:
            raise InvalidError({"password": "is the one until now; choose another one"})
        password_hash = await self._hash_of(new, operator.email)
        async with self._database.transaction() as session:
            await self._set_password(session, operator.id, operator.email, password_hash, actor)
            return await self._sessions.begin(
                session,
                operator,
                SignInMethod.PASSWORD,
                address=address,
                user_agent=user_agent,
                replaces=replaces,
            )

    async def named_by_proxy(self, email: str) -> Operator | None:
        """Return the operator whom an authenticating proxy names; None: unknown, or disabled."""
        async with self._database.session() as session:
            operator = await operators.operator_by_email(session, storable(email))
        return None if operator is None or operator.disabled else operator

    async def open_link(self, token: str) -> Link:
        """Look at a one-time link without using it up.

        Raises:
            NotFoundError: it was used, has expired, or never was.
        """
        async with self._database.session() as session:
            link = await operators.find_link(session, secret_hash(token))
        if link is None:
            raise NotFoundError("this sign-in link was used already or has expired; ask for a new one")
        return link

    async def use_link(
        self, token: str, *, email: str | None, password: str, address: str, user_agent: str, replaces: str = ""
    ) -> str:
        """Use a link up: choose a password, and sign in. The first link makes the first administrator.

        Raises:
            NotFoundError: the link is no longer good.
            InvalidError: the password may not be chosen, or the e-mail address is none.
            SecondFactorAskedError: the password is set, and the operator has a second factor.
        """
        link = await self.open_link(token)
        address_given = _checked_email(email or "") if link.operator_id is None else (link.email or "")
        password_hash = await self._hash_of(password, address_given)
        async with self._database.transaction() as session:
            if not await operators.take_link(session, secret_hash(token)):
                raise NotFoundError("this sign-in link was used already or has expired; ask for a new one")
            if link.operator_id is None:
                await self._insert(
                    session,
                    address_given,
                    Role.ADMINISTRATOR,
                    password_hash,
                    Actor(name=address_given, address=address),
                )
            else:
                await self._set_password(
                    session, link.operator_id, address_given, password_hash, Actor(name=address_given, address=address)
                )
            operator = await operators.get_operator(session, address_given)
            if not operator.has_second_factor:
                return await self._sessions.begin(
                    session,
                    operator,
                    SignInMethod.LINK,
                    address=address,
                    user_agent=user_agent,
                    replaces=replaces,
                )
            pending = await ask_second_factor(session, operator, SignInMethod.LINK)
        raise SecondFactorAskedError(pending)

    async def first_link(self) -> str | None:
        """Make the link of the first start; None where there is an operator already. The first use of any ends all."""
        async with self._database.transaction() as session:
            if await operators.count_operators(session):
                return None
            return await _new_link(session, None, FIRST_LINK_LIFETIME)

    async def list(self, *, after: str | None = None, limit: int | None = None) -> list[Operator]:
        """Return operators by e-mail address, disabled ones too: those `after` one."""
        async with self._database.session() as session:
            return await operators.list_operators(session, after=after, most=limit)

    async def get(self, who: UUID | str) -> Operator:
        """Return one operator, by id or e-mail address.

        Raises:
            NotFoundError: there is none.
        """
        async with self._database.session() as session:
            return await operators.get_operator(session, who)

    async def add(self, email: str, role: Role, actor: Actor, *, password: str | None = None) -> str | None:
        """Add an operator; without a password return the token of a one-time sign-in link.

        Raises:
            InvalidError: the e-mail address is none, or the password may not be chosen.
            ConflictError: the e-mail address is taken.
        """
        email = _checked_email(email)
        password_hash = None if password is None else await self._hash_of(password, email)
        async with self._database.transaction() as session:
            await self._insert(session, email, role, password_hash, actor)
            operator = await operators.get_operator(session, email)
            return None if password_hash else await _new_link(session, operator, LINK_LIFETIME)

    async def reset_password(self, who: UUID | str, actor: Actor, *, password: str | None = None) -> str | None:
        """Set a new password, or return the token of a one-time link to choose one; all sessions end.

        Raises:
            NotFoundError: there is no such operator.
            ConflictError: it is disabled, so a link would lead nowhere.
            InvalidError: the password may not be chosen.
        """
        email = (await self.get(who)).email
        password_hash = None if password is None else await self._hash_of(password, email)
        async with self._database.transaction() as session:
            operator = await operators.get_operator(session, who)
            if operator.disabled:
                raise ConflictError(f"{operator.email} is disabled, so it can't sign in")
            await self._set_password(session, operator.id, operator.email, password_hash, actor)
            return None if password_hash else await _new_link(session, operator, LINK_LIFETIME)

    async def set_role(self, who: UUID | str, role: Role, actor: Actor, *, row_version: int | None = None) -> Operator:
        """Give an operator another role; with `row_version` only if nobody else has changed it since.

        Raises:
            NotFoundError: there is no such operator.
            StaleError: it was changed since.
            ConflictError: it is the last administrator.
        """
        async with self._database.transaction() as session:
            administrators = await operators.hold_administrators(session)
            operator = await operators.get_operator(session, who)
            _require_version(operator, row_version)
            if role is not Role.ADMINISTRATOR:
                _require_another(administrators, operator)
            await session.run("set_operator_role", id=operator.id, role=role)
            before, after = {"role": operator.role}, {"role": role}
            await audit.record(session, actor, "operator.role_set", operator.email, before=before, after=after)
            return await operators.get_operator(session, operator.id)

    async def disable(self, who: UUID | str, actor: Actor, *, row_version: int | None = None) -> Operator:
        """Disable an operator: sessions and links end at once.

        Raises:
            NotFoundError: there is no such operator.
            StaleError: it was changed since.
            ConflictError: it is disabled already, or the last administrator.
        """
        async with self._database.transaction() as session:
            administrators = await operators.hold_administrators(session)
            operator = await operators.get_operator(session, who)
            if operator.disabled:
                raise ConflictError(f"{operator.email} is disabled already")
            _require_version(operator, row_version)
            _require_another(administrators, operator)
            await session.run("disable_operator", id=operator.id)
            await sessions.delete_operator_sessions(session, operator.id)
            await session.run("delete_operator_links", operator_id=operator.id)
            await audit.record(session, actor, "operator.disabled", operator.email)
            return await operators.get_operator(session, operator.id)

    async def enable(self, who: UUID | str, actor: Actor, *, row_version: int | None = None) -> Operator:
        """Let an operator who is disabled sign in again, with the role and the password of before.

        Raises:
            NotFoundError: there is no such operator.
            StaleError: it was changed since.
            ConflictError: it is not disabled.
        """
        async with self._database.transaction() as session:
            operator = await operators.get_operator(session, who)
            if not operator.disabled:
                raise ConflictError(f"{operator.email} is not disabled")
            _require_version(operator, row_version)
            await session.run("enable_operator", id=operator.id)
            await audit.record(session, actor, "operator.enabled", operator.email)
            return await operators.get_operator(session, operator.id)

    async def _hash_of(self, password: str, email: str) -> str:
        """Hash a password that somebody has chosen."""
        return await hash_password(checked_password(password, email=email, product=self._product))

    async def _insert(self, session: Session, email: str, role: Role, password_hash: str | None, actor: Actor) -> None:
        await operators.insert_operator(session, email=email, role=role, password_hash=password_hash)
        await session.run("delete_first_links")  # whoever finds one in an old log gets no further
        await audit.record(session, actor, "operator.added", email, after={"role": role})

    async def _set_password(
        self, session: Session, operator_id: UUID, email: str, password_hash: str | None, actor: Actor
    ) -> None:
        await session.run("set_operator_password", id=operator_id, password_hash=password_hash)
        await sessions.delete_operator_sessions(session, operator_id)
        await session.run("forget_networks", operator_id=operator_id)  # a thief has signed in from one, perhaps
        await session.run("delete_operator_links", operator_id=operator_id)
        await session.run("delete_pending_sign_ins", operator_id=operator_id)
        await audit.record(
            session, actor, "operator.password_set" if password_hash else "operator.password_reset", email
        )


def actor_of(operator: Operator, address: str) -> Actor:
    """Return who acts when an operator does."""
    return Actor(name=operator.email, address=address, permissions=ROLE_PERMISSIONS[operator.role])


def _require_version(operator: Operator, row_version: int | None) -> None:
    if row_version is not None and operator.row_version != row_version:
        raise StaleError(f"{operator.email} was changed by somebody else in the meantime")


def _require_another(administrators: set[UUID], operator: Operator) -> None:
    """Refuse to lock everybody out of people and tokens."""
    if administrators == {operator.id}:
        raise ConflictError(
            f"{operator.email} is the last administrator: give somebody else that role first "
            "(`gateway user role EMAIL administrator`)"
        )


async def _new_link(session: Session, operator: Operator | None, lifetime: timedelta) -> str:
    token = new_secret()
    operator_id = operator.id if operator else None
    await session.run("insert_link", token_hash=secret_hash(token), operator_id=operator_id, lifetime=lifetime)
    return token


def _checked_email(email: str) -> str:
    if not is_email(email):
        raise InvalidError({"email": not_an_email(email)})
    return email
