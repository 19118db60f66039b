"""The contexts of the panel's screens about people and programs: operators, and tokens of the API."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from gateway.domain.access import Role, TokenScope
from gateway.domain.token import TokenState
from gateway.render.account_screens import SessionRow
from gateway.render.panel import Difference, Options, Typed
from gateway.render.wording import Badge, Tone

_ROLE_WORDS = {
    Role.VIEWER: "Viewer: looks, changes nothing",
    Role.REPORTER: "Reporter: posts updates, sets statuses of components, too",
    Role.OPERATOR: "Operator: windows, components, templates, bypass links, too",
    Role.ADMINISTRATOR: "Administrator: operators and tokens, too",
}
ROLE_OPTIONS: Options = tuple((role.value, _ROLE_WORDS[role]) for role in Role)

_SCOPE_WORDS = {
    TokenScope.READ: "read: looks at everything, changes nothing",
    TokenScope.REPORT: "report: posts updates, sets statuses of components, too",
    TokenScope.WRITE: "write: windows, components, templates, bypass links, too",
    TokenScope.ADMIN: "admin: operators and tokens, too",
}
SCOPE_OPTIONS: Options = tuple((scope.value, _SCOPE_WORDS[scope]) for scope in TokenScope)

ACTIVE = Badge("Active", "check", Tone.GOOD)
INVITED = Badge("Invited", "clock", Tone.QUIET)
DISABLED = Badge("Disabled", "cross", Tone.BAD)

TOKEN_BADGES = {
    TokenState.LIVE: Badge("Live", "check", Tone.GOOD),
    TokenState.EXPIRED: Badge("Expired", "clock", Tone.QUIET),
    TokenState.REVOKED: Badge("Revoked", "cross", Tone.QUIET),
}
EXPIRES_SOON = Badge("Expires soon", "slow", Tone.WARN)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorRow:
    """Somebody who may sign in, or could; `is_reader`: whoever looks at the screen."""

    id: UUID
    email: str
    role: str
    badge: Badge
    is_disabled: bool
    is_reader: bool
    added_at: datetime | None
    last_seen_at: datetime | None
    row_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignInLink:
    """A one-time link that was made just now, with its address, which is shown this once."""

    email: str
    url: str
    lifetime: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorsScreen:
    """`admin/operators.html`."""

    operators: tuple[OperatorRow, ...]
    made: NewSignInLink | None
    roles: Options
    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorScreen:
    """`admin/operator.html`. `refusal` says why the last click did nothing."""

    operator: OperatorRow
    sessions: tuple[SessionRow, ...]
    made: NewSignInLink | None
    roles: Options
    form: Typed
    lifetime: timedelta
    refusal: str = ""
    conflict: str = ""
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A token as it may be shown: never the secret itself."""

    id: UUID
    name: str
    scope: str
    badge: Badge
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token that was made just now, with its secret, which is shown this once; `site` is where it is good."""

    name: str
    secret: str
    expires_at: datetime | None
    site: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensScreen:
    """`admin/tokens.html`."""

    live: tuple[TokenRow, ...]
    over: tuple[TokenRow, ...]
    made: NewToken | None
    scopes: Options
    form: Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeTokenScreen:
    """`admin/token_revoke.html`: is it meant?"""

    token: TokenRow
