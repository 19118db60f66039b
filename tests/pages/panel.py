"""Screens of the panel about people, programs and gateways, in each of the states that they have."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from gateway.domain.access import ROLE_PERMISSIONS, Actor, Role
from gateway.domain.fence import Gated, Report
from gateway.domain.token import TokenState
from gateway.render.account_screens import SessionRow
from gateway.render.audit_screens import ACTION_OPTIONS, AuditRow, AuditScreen
from gateway.render.environment import environment_of
from gateway.render.gateway_screens import gateways_screen
from gateway.render.panel import Difference, Shell, Typed
from gateway.render.people_screens import (
    ACTIVE,
    DISABLED,
    EXPIRES_SOON,
    INVITED,
    ROLE_OPTIONS,
    SCOPE_OPTIONS,
    TOKEN_BADGES,
    NewSignInLink,
    NewToken,
    OperatorRow,
    OperatorScreen,
    OperatorsScreen,
    RevokeTokenScreen,
    TokenRow,
    TokensScreen,
)
from gateway.web.admin.navigation import navigation
from tests.render.samples import BRANDING, HOUR, MINUTE, START

_ID = UUID("5e0a7c1c-6b1e-4b55-9a52-3f7f3c3d1b6f")
_DAY = timedelta(days=1)
_ROOT = Actor(name="root@acme.example", permissions=ROLE_PERMISSIONS[Role.ADMINISTRATOR])
_ADA = OperatorRow(
    id=_ID,
    email="ada@acme.example",
    role="operator",
    badge=ACTIVE,
    is_disabled=False,
    is_reader=False,
    added_at=START,
    last_seen_at=START + HOUR,
    row_version=1,
)
_INVITED = replace(_ADA, email="bo@acme.example", badge=INVITED, last_seen_at=None)
_GONE = replace(_ADA, email="cy@acme.example", badge=DISABLED, is_disabled=True)
_SESSION = SessionRow(
    id=_ID,
    browser="Firefox on Linux",
    method="by password",
    address="192.0.2.7",
    since=START,
    last_used_at=START + HOUR,
    is_this=False,
)
_LINK = NewSignInLink(email="bo@acme.example", url="https://shop.example/x/sign-in/abc", lifetime=3 * _DAY)
_TOKEN = TokenRow(
    id=_ID,
    name="deploy pipeline",
    scope="write",
    badge=TOKEN_BADGES[TokenState.LIVE],
    created_by="ada@acme.example",
    created_at=START,
    expires_at=START + 365 * _DAY,
    last_used_at=START + HOUR,
    last_used_from="192.0.2.7",
    revoked_at=None,
)
_SECRET = NewToken(name="ci", secret="gwt_abc", expires_at=None, site="https://shop.example/_maintenance")
_WRONG = {"email": "ada", "name": "", "role": "viewer", "scope": "read", "expires_in": "soon"}


def panel_screens() -> Iterator[tuple[str, bytes]]:
    """Yield HTML by a name: the template's, and the state's. An administrator is signed in."""
    yield from _operators()
    yield from _tokens()
    yield from _gateways()
    yield from _audit()


def _operators() -> Iterator[tuple[str, bytes]]:
    everybody = OperatorsScreen(operators=(_ADA, _INVITED, _GONE), made=_LINK, roles=ROLE_OPTIONS, form=Typed())
    yield "operators", _screen("operators", everybody)
    wrong = Typed(values=_WRONG, errors={"email": "'ada' is not an e-mail address such as ada@example.com"})
    yield "operators: wrong", _screen("operators", replace(everybody, made=None, form=wrong))
    one = OperatorScreen(
        sessions=(_SESSION,),
        operator=_ADA,
        made=None,
        roles=ROLE_OPTIONS,
        form=Typed(values={"role": "operator"}),
        lifetime=3 * _DAY,
    )
    yield "operator", _screen("operator", one)
    yield "operator: new link", _screen("operator", replace(one, operator=replace(_ADA, is_reader=True), made=_LINK))
    yield "operator: disabled", _screen("operator", replace(one, operator=_GONE, refusal="ada is disabled already"))
    both = (Difference(name="Role", saved="viewer", typed="operator"),)
    yield "operator: conflict", _screen("operator", replace(one, conflict="ada was changed", differences=both))


def _tokens() -> Iterator[tuple[str, bytes]]:
    over = replace(_TOKEN, badge=TOKEN_BADGES[TokenState.REVOKED], revoked_at=START + HOUR)
    live = (_TOKEN, replace(_TOKEN, name="monitor", badge=EXPIRES_SOON, last_used_at=None))
    screen = TokensScreen(live=live, over=(over,), made=_SECRET, scopes=SCOPE_OPTIONS, form=Typed())
    yield "tokens", _screen("tokens", screen)
    wrong = Typed(values=_WRONG, errors={"name": "Please fill this in.", "expires_in": "'soon' is not a duration"})
    yield "tokens: wrong", _screen("tokens", replace(screen, live=(), over=(), made=None, form=wrong))
    yield "token_revoke", _screen("token_revoke", RevokeTokenScreen(token=_TOKEN))
    yield "token_revoke: over", _screen("token_revoke", RevokeTokenScreen(token=over))


def _gateways() -> Iterator[tuple[str, bytes]]:
    newest = int(START.timestamp()) * 1_000_000
    now = START + HOUR
    report = Report(
        id=_ID,
        name="web-1 (pid 71)",
        applied_version=newest,
        gates={_ID: Gated(row_version=1, left=3, given_up=1)},
        started_at=START,
        heartbeat_at=now,
    )
    behind = replace(report, name="web-2 (pid 72)", applied_version=newest - 1, id=UUID(int=2))
    silent = replace(report, name="web-3 (pid 73)", heartbeat_at=now - MINUTE, id=UUID(int=3))
    for state, reports in {
        "current": [report],
        "behind": [report, behind],
        "silent": [report, silent],
        "none": [],
    }.items():
        yield f"gateways: {state}", _screen("gateways", gateways_screen("/live", reports, now=now, newest=newest))


def _audit() -> Iterator[tuple[str, bytes]]:
    entry = AuditRow(
        at=START,
        actor="ada@acme.example",
        address="192.0.2.7",
        action="operator role set",
        subject="bo@acme.example",
        url="",
        same="/audit?subject=operator&subject_id=bo@acme.example",
        changes=(("role", "viewer", "operator"),),
    )
    screen = AuditScreen(
        form=Typed(),
        actions=ACTION_OPTIONS,
        entries=(entry,),
        only="",
        is_selected=False,
        older="/audit?before=1",
        newest="",
        exports={"csv": "/audit.csv", "jsonl": "/audit.jsonl"},
    )
    yield "audit", _screen("audit", screen)


def _screen(name: str, page: object) -> bytes:
    shell = Shell(
        branding=BRANDING,
        styles=tuple(f"{BRANDING.prefix}/assets/{style}" for style in ("base.css", "admin.css")),
        operator=_ROOT.name,
        may_report=True,
        may_operate=True,
        navigation=navigation(_ROOT),
        section=name,
    )
    return environment_of().get_template(f"admin/{name}.html").render(shell=shell, page=page).encode()
