"""The context of the panel's screen about oneself: who one is, where one is signed in, another password."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gateway.domain.access import Role, SignInMethod
from gateway.render.panel import Typed

METHOD_WORDS: dict[str, str] = {
    SignInMethod.PASSWORD: "by password",
    SignInMethod.LINK: "by one-time link",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """A browser in which one is signed in."""

    id: UUID
    browser: str
    method: str
    address: str
    since: datetime
    last_used_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountScreen:
    """`admin/account.html`. Who has no password yet has none to change."""

    email: str
    role: Role
    has_password: bool
    has_second_factor: bool
    sessions: tuple[SessionRow, ...]
    idle: str
    form: Typed

    @property
    def is_elsewhere(self) -> bool:
        """Whether there is another session than this one."""
        return any(not session.is_this for session in self.sessions)
