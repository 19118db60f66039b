"""Who may do what: one table, asked in one place (`web/auth.py`), for operators and tokens alike."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What an operator is, from least to most."""

    VIEWER = "viewer"
    REPORTER = "reporter"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class SignInMethod(StrEnum):
    """By what somebody has proved who they are."""

    PASSWORD = "password"  # noqa: S105  no password, but the word
    LINK = "link"  # one-time, which chooses a password


class SecondFactorRule(StrEnum):
    """Who must have a second factor."""

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    EVERYBODY = "everybody"

    def asks(self, role: Role) -> bool:
        """Tell whether who has this role must have one."""
        return self is SecondFactorRule.EVERYBODY or (
            self is SecondFactorRule.ADMINISTRATORS and role is Role.ADMINISTRATOR
        )


class TokenScope(StrEnum):
    """What a bearer token is for, from least to most."""

    READ = "read"
    REPORT = "report"
    WRITE = "write"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route can ask for."""

    PUBLIC = "public"  # everybody, signed in or not
    VIEW = "view"  # read the panel and the API
    REPORT = "report"  # post updates, set component statuses
    OPERATE = "operate"  # start, schedule, edit, extend, end and cancel windows; components and groups;
    # templates; bypass links; forget replicas
    ADMINISTER = "administer"  # people, tokens


_VIEWER = frozenset({Permission.PUBLIC, Permission.VIEW})
_REPORTER = _VIEWER | {Permission.REPORT}
_OPERATOR = _REPORTER | {Permission.OPERATE}
_ADMINISTRATOR = _OPERATOR | {Permission.ADMINISTER}

NOBODY: frozenset[Permission] = frozenset({Permission.PUBLIC})

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.REPORTER: _REPORTER,
    Role.OPERATOR: _OPERATOR,
    Role.ADMINISTRATOR: _ADMINISTRATOR,
}

SCOPE_PERMISSIONS: dict[TokenScope, frozenset[Permission]] = {
    TokenScope.READ: _VIEWER,
    TokenScope.REPORT: _REPORTER,
    TokenScope.WRITE: _OPERATOR,
    TokenScope.ADMIN: _ADMINISTRATOR,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """By which key an act happens once. `fingerprint` is of the call, `act` of this attempt at it."""

    key: str
    fingerprint: bytes
    act: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts: an operator's e-mail address, `token NAME` or `command line`; from which address; with what rights.

    `until` is when a token expires; None: never.
    """

    name: str
    address: str = ""
    permissions: frozenset[Permission] = NOBODY
    until: datetime | None = None
    once: Once | None = None
    """Where set, what is done must not have been done with this key before."""

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor has the permission."""
        return permission in self.permissions


def command_line(login: str) -> Actor:
    """Return the actor of a command on the host: whoever reads the settings may do everything."""
    return Actor(name=f"command line ({login})", permissions=_ADMINISTRATOR)


PANEL_ADDRESS = "panel_address"
"""What the edge tells the site of a connection by this name: it came by one of `admin.listen`."""

# What each route asks for, by its name. The application refuses to start with a route that is missing here.
ROUTE_PERMISSIONS: dict[str, Permission] = {
    "status.page": Permission.PUBLIC,
    "status.window": Permission.PUBLIC,
    "status.history": Permission.PUBLIC,
    "status.asset": Permission.PUBLIC,
    "status.bare": Permission.PUBLIC,
    "status.problem": Permission.PUBLIC,
    "status.refused": Permission.PUBLIC,
    "status.language": Permission.PUBLIC,  # leaves a cookie with whoever asks
    "status.events": Permission.PUBLIC,  # served by the data plane (edge/waiting.py), it is no route of the site
    "status.embed": Permission.PUBLIC,
    "status.api.v2.summary": Permission.PUBLIC,
    "status.api.v2.status": Permission.PUBLIC,
    "status.api.v2.components": Permission.PUBLIC,
    "status.api.v2.incidents": Permission.PUBLIC,
    "status.api.v2.incidents.unresolved": Permission.PUBLIC,
    "status.api.v2.scheduled_maintenances": Permission.PUBLIC,
    "status.api.v2.scheduled_maintenances.upcoming": Permission.PUBLIC,
    "status.api.v2.scheduled_maintenances.active": Permission.PUBLIC,
    "status.feed.atom": Permission.PUBLIC,
    "status.feed.rss": Permission.PUBLIC,
    "status.calendar.ics": Permission.PUBLIC,
    "status.badge.svg": Permission.PUBLIC,
    "status.banner": Permission.PUBLIC,
    "bypass.visit": Permission.PUBLIC,  # the token in the path is the proof
    "bypass.leave": Permission.PUBLIC,  # takes rights away from whoever asks, and from nobody else
    "bypass.ribbon": Permission.PUBLIC,  # served by the data plane (edge/ribbon.py), it is no route of the site
    "admin.bare": Permission.PUBLIC,
    "admin.sign_in": Permission.PUBLIC,
    "admin.link": Permission.PUBLIC,
    "admin.second_factor": Permission.PUBLIC,  # the cookie of the password that was right is the proof
    "admin.sign_out": Permission.PUBLIC,
    "admin.account": Permission.VIEW,
    "admin.account.revoke": Permission.VIEW,
    "admin.account.sign_out_elsewhere": Permission.VIEW,
    "admin.account.password": Permission.VIEW,
    "admin.account.second_factor": Permission.VIEW,
    "admin.account.second_factor.begin": Permission.VIEW,
    "admin.account.second_factor.confirm": Permission.VIEW,
    "admin.account.second_factor.codes": Permission.VIEW,
    "admin.account.second_factor.remove": Permission.VIEW,
    "admin.dashboard": Permission.VIEW,
    "admin.windows": Permission.VIEW,
    "admin.window": Permission.VIEW,
    "admin.window.new": Permission.OPERATE,
    "admin.window.edit": Permission.OPERATE,
    "admin.window.start": Permission.OPERATE,
    "admin.window.extend": Permission.OPERATE,
    "admin.window.fixed": Permission.OPERATE,
    "admin.window.end": Permission.OPERATE,
    "admin.window.cancel": Permission.OPERATE,
    "admin.window.reopen": Permission.OPERATE,
    "admin.window.preview": Permission.VIEW,
    "admin.window.new.preview": Permission.OPERATE,
    "admin.window.edit.preview": Permission.OPERATE,
    "admin.window.post": Permission.REPORT,
    "admin.window.fence": Permission.VIEW,
    "admin.series.list": Permission.VIEW,
    "admin.series": Permission.VIEW,
    "admin.series.edit": Permission.OPERATE,
    "admin.series.edit.preview": Permission.OPERATE,
    "admin.series.skip": Permission.OPERATE,
    "admin.series.end": Permission.OPERATE,
    "admin.replica.forget": Permission.OPERATE,
    "admin.window.update": Permission.REPORT,
    "admin.templates": Permission.VIEW,
    "admin.template.new": Permission.OPERATE,
    "admin.template.edit": Permission.OPERATE,
    "admin.template.remove": Permission.OPERATE,
    "admin.template.use": Permission.OPERATE,
    "admin.bypass": Permission.VIEW,
    "admin.bypass.new": Permission.OPERATE,
    "admin.bypass.revoke": Permission.OPERATE,
    "admin.components": Permission.VIEW,
    "admin.component": Permission.VIEW,
    "admin.component.new": Permission.OPERATE,
    "admin.component.edit": Permission.OPERATE,
    "admin.component.move": Permission.OPERATE,
    "admin.component.remove": Permission.OPERATE,
    "admin.component.status": Permission.REPORT,
    "admin.group": Permission.VIEW,
    "admin.group.new": Permission.OPERATE,
    "admin.group.edit": Permission.OPERATE,
    "admin.group.move": Permission.OPERATE,
    "admin.group.remove": Permission.OPERATE,
    "admin.history": Permission.VIEW,
    "admin.history.csv": Permission.VIEW,
    "admin.history.json": Permission.VIEW,
    "admin.audit": Permission.VIEW,
    "admin.operators": Permission.ADMINISTER,
    "admin.operator": Permission.ADMINISTER,
    "admin.operator.new": Permission.ADMINISTER,
    "admin.operator.role": Permission.ADMINISTER,
    "admin.operator.link": Permission.ADMINISTER,
    "admin.operator.sign_out": Permission.ADMINISTER,
    "admin.operator.disable": Permission.ADMINISTER,
    "admin.operator.enable": Permission.ADMINISTER,
    "admin.tokens": Permission.ADMINISTER,
    "admin.token.new": Permission.ADMINISTER,
    "admin.token.revoke": Permission.ADMINISTER,
    "admin.gateways": Permission.VIEW,
    "admin.gateways.live": Permission.VIEW,
    "admin.audit.csv": Permission.VIEW,
    "admin.audit.jsonl": Permission.VIEW,
    "probe.live": Permission.PUBLIC,
    "probe.ready": Permission.PUBLIC,
    "api.openapi": Permission.PUBLIC,  # it describes, and says nothing of this installation
    "api.windows.list": Permission.VIEW,
    "api.windows.show": Permission.VIEW,
    "api.windows.create": Permission.OPERATE,
    "api.windows.edit": Permission.OPERATE,
    "api.windows.start": Permission.OPERATE,
    "api.windows.extend": Permission.OPERATE,
    "api.windows.end": Permission.OPERATE,
    "api.windows.cancel": Permission.OPERATE,
    "api.windows.reopen": Permission.OPERATE,
    "api.windows.post": Permission.REPORT,
    "api.windows.fence": Permission.VIEW,
    "api.preview": Permission.VIEW,  # it changes nothing
    "api.windows.statistics": Permission.VIEW,
    "api.history.list": Permission.VIEW,
    "api.history.csv": Permission.VIEW,
    "api.history.json": Permission.VIEW,
    "api.fences": Permission.VIEW,
    "api.replicas.list": Permission.VIEW,
    "api.replicas.forget": Permission.OPERATE,
    "api.series.list": Permission.VIEW,
    "api.series.preview": Permission.VIEW,
    "api.series.show": Permission.VIEW,
    "api.series.edit": Permission.OPERATE,
    "api.series.end": Permission.OPERATE,
    "api.components.list": Permission.VIEW,
    "api.components.show": Permission.VIEW,
    "api.components.add": Permission.OPERATE,
    "api.components.edit": Permission.REPORT,  # of other fields than the status: OPERATE (web/api/components.py)
    "api.components.remove": Permission.OPERATE,
    "api.components.order": Permission.OPERATE,
    "api.components.move": Permission.OPERATE,
    "api.components.history": Permission.VIEW,
    "api.groups.list": Permission.VIEW,
    "api.groups.add": Permission.OPERATE,
    "api.groups.show": Permission.VIEW,
    "api.groups.edit": Permission.OPERATE,
    "api.groups.remove": Permission.OPERATE,
    "api.groups.order": Permission.OPERATE,
    "api.groups.move": Permission.OPERATE,
    "api.templates.list": Permission.VIEW,
    "api.templates.show": Permission.VIEW,
    "api.templates.add": Permission.OPERATE,
    "api.templates.edit": Permission.OPERATE,
    "api.templates.remove": Permission.OPERATE,
    "api.templates.render": Permission.VIEW,
    "api.tokens.list": Permission.ADMINISTER,
    "api.tokens.show": Permission.ADMINISTER,
    "api.tokens.create": Permission.ADMINISTER,
    "api.tokens.revoke": Permission.ADMINISTER,
    "api.operators.list": Permission.ADMINISTER,
    "api.operators.show": Permission.ADMINISTER,
    "api.operators.add": Permission.ADMINISTER,
    "api.operators.edit": Permission.ADMINISTER,
    "api.operators.disable": Permission.ADMINISTER,
    "api.operators.enable": Permission.ADMINISTER,
    "api.operators.link": Permission.ADMINISTER,
    "api.operators.reset_second_factor": Permission.ADMINISTER,
    "api.operators.sign_out": Permission.ADMINISTER,
    "api.audit.list": Permission.VIEW,
    "api.audit.show": Permission.VIEW,
    "api.audit.csv": Permission.VIEW,
    "api.audit.jsonl": Permission.VIEW,
    "api.bypass_links.list": Permission.VIEW,
    "api.bypass_links.create": Permission.OPERATE,
    "api.bypass_links.revoke": Permission.OPERATE,
}

# What somebody may use who must have a second factor and has none yet. Signing out is public.
SETS_UP_SECOND_FACTOR = frozenset(
    {"admin.account.second_factor", "admin.account.second_factor.begin", "admin.account.second_factor.confirm"}
)
