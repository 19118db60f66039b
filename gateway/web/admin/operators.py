"""Operators in the panel: who may sign in, as what; inviting, and taking the way in from somebody."""

from collections.abc import Mapping

from aiohttp import web

from gateway.domain.errors import ConflictError, InvalidError, StaleError
from gateway.render.panel import Difference, Typed
from gateway.render.people_screens import (
    ACTIVE,
    DISABLED,
    INVITED,
    ROLE_OPTIONS,
    NewSignInLink,
    OperatorRow,
    OperatorScreen,
    OperatorsScreen,
)
from gateway.service.drafts.fields import checked
from gateway.service.drafts.operators import OperatorDraft, RoleDraft
from gateway.service.operators import LINK_LIFETIME
from gateway.store.operators import Operator
from gateway.web.admin.account import session_row
from gateway.web.admin.screen import id_of, read_row_version, refused, render, see, typed_values
from gateway.web.auth import actor
from gateway.web.keys import SERVICES
from gateway.web.sign_in_links import sign_in_url

_NEW = {"email": "", "role": "viewer"}


def routes(base: str) -> list[web.RouteDef]:
    """Return the routes of this area."""
    one = base + "/operators/{operator_id}"
    return [
        web.get(base + "/operators", _list, name="admin.operators"),
        web.post(base + "/operators/new", _invite, name="admin.operator.new"),
        web.get(one, _one, name="admin.operator"),
        web.post(one + "/role", _set_role, name="admin.operator.role"),
        web.post(one + "/link", _make_link, name="admin.operator.link"),
        web.post(one + "/sign-out", _sign_out, name="admin.operator.sign_out"),
        web.post(one + "/disable", _disable, name="admin.operator.disable"),
        web.post(one + "/enable", _enable, name="admin.operator.enable"),
    ]


async def _list(request: web.Request) -> web.Response:
    return await _people(request, Typed(values=_NEW))


async def _invite(request: web.Request) -> web.Response:
    """Add an operator and show the link: no redirect, for nothing that keeps addresses may have it."""
    typed = await typed_values(request)
    values = {name: typed.get(name, "").strip() for name in _NEW}
    try:
        draft = checked(OperatorDraft, values)
        token = await request.app[SERVICES].operators.add(draft.email, draft.role, actor(request))
    except InvalidError as error:
        return await _people(request, refused(values, error), status=422)
    except ConflictError as error:
        return await _people(request, Typed(values=values, errors={"form": f"Not invited: {error}."}), status=409)
    return await _people(request, Typed(values=_NEW), made=_link(request, draft.email, token), status=201)


async def _one(request: web.Request) -> web.Response:
    return await _person(request)


async def _set_role(request: web.Request) -> web.Response:
    values = await typed_values(request)
    operators, who = request.app[SERVICES].operators, id_of(request, "operator")
    try:
        draft = checked(RoleDraft, {"role": values.get("role", "")})
        changed = await operators.set_role(who, draft.role, actor(request), row_version=read_row_version(values))
    except InvalidError as error:
        return await _person(request, form=refused({"role": values.get("role", "")}, error), status=422)
    except StaleError as error:
        return await _person(request, form=Typed(values=values), conflict=str(error), status=409)
    except ConflictError as error:
        return await _person(request, refusal=str(error), status=409)
    may_look = actor(request).name != changed.email or changed.role == "administrator"
    return see(request, f"/operators/{who}" if may_look else "/", "role-set")


async def _make_link(request: web.Request) -> web.Response:
    """Make a link to choose a new password with, and show it: no redirect, as for the first."""
    operators, who = request.app[SERVICES].operators, id_of(request, "operator")
    email = (await operators.get(who)).email
    try:
        token = await operators.reset_password(who, actor(request))
    except ConflictError as error:
        return await _person(request, refusal=str(error), status=409)
    return await _person(request, made=_link(request, email, token), status=201)


async def _sign_out(request: web.Request) -> web.Response:
    who = id_of(request, "operator")
    await request.app[SERVICES].sessions.revoke_all(who, actor(request))
    return see(request, f"/operators/{who}", "signed-out-everywhere")


async def _disable(request: web.Request) -> web.Response:
    who = id_of(request, "operator")
    try:
        await request.app[SERVICES].operators.disable(who, actor(request))
    except ConflictError as error:
        return await _person(request, refusal=str(error), status=409)
    return see(request, f"/operators/{who}", "disabled")


async def _enable(request: web.Request) -> web.Response:
    who = id_of(request, "operator")
    try:
        await request.app[SERVICES].operators.enable(who, actor(request))
    except ConflictError as error:
        return await _person(request, refusal=str(error), status=409)
    return see(request, f"/operators/{who}", "enabled")


async def _people(
    request: web.Request, form: Typed, *, made: NewSignInLink | None = None, status: int = 200
) -> web.Response:
    everybody = await request.app[SERVICES].operators.list()
    screen = OperatorsScreen(
        operators=tuple(_row(request, operator) for operator in everybody), made=made, roles=ROLE_OPTIONS, form=form
    )
    return render(request, "admin/operators.html", screen, section="operators", status=status)


async def _person(
    request: web.Request,
    *,
    form: Typed | None = None,
    made: NewSignInLink | None = None,
    refusal: str = "",
    conflict: str = "",
    status: int = 200,
) -> web.Response:
    operator = await request.app[SERVICES].operators.get(id_of(request, "operator"))
    sessions = await request.app[SERVICES].sessions.list(operator.id, "")
    screen = OperatorScreen(
        operator=_row(request, operator),
        sessions=tuple(session_row(session) for session in sessions),
        made=made,
        roles=ROLE_OPTIONS,
        form=form or Typed(values={"role": operator.role}),
        lifetime=LINK_LIFETIME,
        refusal=refusal,
        conflict=conflict,
        differences=_differences(operator, form.values) if form and conflict else (),
    )
    return render(request, "admin/operator.html", screen, section="operators", status=status)


def _differences(saved: Operator, typed: Mapping[str, str]) -> tuple[Difference, ...]:
    role = typed.get("role", "")
    return () if role == saved.role else (Difference(name="Role", saved=saved.role, typed=role),)


def _link(request: web.Request, email: str, token: str | None) -> NewSignInLink:
    return NewSignInLink(email=email, url=sign_in_url(request, token or ""), lifetime=LINK_LIFETIME)


def _row(request: web.Request, operator: Operator) -> OperatorRow:
    was_here = operator.password_hash is not None or operator.last_seen_at is not None
    return OperatorRow(
        id=operator.id,
        email=operator.email,
        role=operator.role,
        badge=DISABLED if operator.disabled else ACTIVE if was_here else INVITED,
        is_disabled=operator.disabled,
        is_reader=operator.email == actor(request).name,
        added_at=operator.created_at,
        last_seen_at=operator.last_seen_at,
        row_version=operator.row_version,
    )
