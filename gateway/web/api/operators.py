"""`/operators` of the API."""

from typing import Any
from uuid import UUID

from pydantic import Field, TypeAdapter

from gateway.domain.access import Role
from gateway.service.drafts.operators import OperatorDraft, RoleDraft
from gateway.store.operators import Operator
from gateway.web.api.bodies import Nothing, Versioned
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of
from gateway.web.sign_in_links import sign_in_url

_PLACE = TypeAdapter(str)


class OperatorDocument(Document):
    """Somebody who may sign in to the panel."""

    id: UUID
    email: str
    role: Role
    disabled: bool
    has_password: bool = Field(description="False until a sign-in link was used.")
    has_second_factor: bool = Field(description="Whether a code is asked for at sign-in.")
    created_at: Instant | None
    last_seen_at: Instant | None = Field(description="The last sign-in.")
    row_version: int


class InvitedOperatorDocument(OperatorDocument):
    """An operator who was given a link to sign in with."""

    sign_in_link: str = Field(
        description="Chooses a password and signs in, once, within three days; told here, and never again."
    )


class EndedSessionsDocument(Document):
    """What signing an operator out has done."""

    ended: int = Field(description="So many sessions have ended; links and passwords stay.")


class OperatorPage(Page):
    """Operators, page by page."""

    operators: tuple[OperatorDocument, ...]


class RolePatch(RoleDraft, Versioned):
    """A change of an operator's role; with `row_version` only if nobody else has changed it since."""


async def list_operators(call: Call[None, PageQuery]) -> Answer:
    """List operators by e-mail address, disabled ones too."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.operators.list(after=after, limit=limit + 1)
    operators, cursor = paged(found, limit, lambda operator: operator.email)
    shown = tuple(OperatorDocument(**_fields(operator)) for operator in operators)
    return Answer(document=OperatorPage(operators=shown, next_cursor=cursor))


async def show_operator(call: Call[None, None]) -> Answer:
    """Return one operator."""
    return _answer(await call.services.operators.get(call.id("operator")))


async def add_operator(call: Call[OperatorDraft, None]) -> Answer:
    """Add an operator; the link that signs in for the first time is told here, and never again."""
    token = await call.services.operators.add(call.body.email, call.body.role, call.actor)
    operator = await call.services.operators.get(call.body.email)
    return Answer(
        document=_invited(call, operator, token),
        location=call.path_of("api.operators.show", id=str(operator.id)),
        row_version=operator.row_version,
    )


async def set_role(call: Call[RolePatch, None]) -> Answer:
    """Give an operator another role, from the next request on; the last administrator keeps that one."""
    which = call.id("operator")
    changed = await call.services.operators.set_role(which, call.body.role, call.actor, row_version=call.row_version)
    return _answer(changed)


async def disable_operator(call: Call[Nothing, None]) -> Answer:
    """Disable an operator: sessions and links end at once. The last administrator can't be."""
    which = call.id("operator")
    return _answer(await call.services.operators.disable(which, call.actor, row_version=call.row_version))


async def enable_operator(call: Call[Nothing, None]) -> Answer:
    """Let a disabled operator sign in again, with the role and the password of before."""
    which = call.id("operator")
    return _answer(await call.services.operators.enable(which, call.actor, row_version=call.row_version))


async def make_link(call: Call[Nothing, None]) -> Answer:
    """Make a link to choose a new password with; the old one and all sessions end at once."""
    which = call.id("operator")
    token = await call.services.operators.reset_password(which, call.actor)
    return Answer(document=_invited(call, await call.services.operators.get(which), token))


async def reset_second_factor(call: Call[Nothing, None]) -> Answer:
    """Remove the second factor of an operator who has lost it; password and sessions stay."""
    return _answer(await call.services.second_factors.reset(call.id("operator"), call.actor))


async def sign_out(call: Call[Nothing, None]) -> Answer:
    """End all sessions of an operator, who may sign in again."""
    return Answer(
        document=EndedSessionsDocument(ended=await call.services.sessions.revoke_all(call.id("operator"), call.actor))
    )


def _answer(operator: Operator) -> Answer:
    return Answer(document=OperatorDocument(**_fields(operator)), row_version=operator.row_version)


def _invited(call: Call[Any, Any], operator: Operator, token: str | None) -> InvitedOperatorDocument:
    link = sign_in_url(call.request, token or "")
    return InvitedOperatorDocument(**_fields(operator), sign_in_link=link)


def _fields(operator: Operator) -> dict[str, Any]:
    names = OperatorDocument.model_fields.keys() - {"has_password"}
    return {name: getattr(operator, name) for name in names} | {"has_password": operator.password_hash is not None}


OPERATIONS = (
    Operation(
        "GET",
        "/operators",
        list_operators,
        name="api.operators.list",
        summary="List operators",
        query=PageQuery,
        answer=OperatorPage,
    ),
    Operation(
        "POST",
        "/operators",
        add_operator,
        name="api.operators.add",
        summary="Add an operator",
        body=OperatorDraft,
        answer=InvitedOperatorDocument,
        status=201,
        tells_secret=True,
    ),
    Operation(
        "GET",
        "/operators/{id}",
        show_operator,
        name="api.operators.show",
        summary="Show an operator",
        answer=OperatorDocument,
    ),
    Operation(
        "PATCH",
        "/operators/{id}",
        set_role,
        name="api.operators.edit",
        summary="Give an operator another role",
        body=RolePatch,
        answer=OperatorDocument,
        show=show_operator,
    ),
    Operation(
        "POST",
        "/operators/{id}/disable",
        disable_operator,
        name="api.operators.disable",
        summary="Disable an operator",
        body=Nothing,
        answer=OperatorDocument,
        show=show_operator,
    ),
    Operation(
        "POST",
        "/operators/{id}/enable",
        enable_operator,
        name="api.operators.enable",
        summary="Enable an operator again",
        body=Nothing,
        answer=OperatorDocument,
        show=show_operator,
    ),
    Operation(
        "POST",
        "/operators/{id}/sign-out",
        sign_out,
        name="api.operators.sign_out",
        summary="End all sessions of an operator",
        body=Nothing,
        answer=EndedSessionsDocument,
    ),
    Operation(
        "POST",
        "/operators/{id}/reset-second-factor",
        reset_second_factor,
        name="api.operators.reset_second_factor",
        summary="Remove the second factor of an operator",
        body=Nothing,
        answer=OperatorDocument,
        show=show_operator,
    ),
    Operation(
        "POST",
        "/operators/{id}/sign-in-link",
        make_link,
        name="api.operators.link",
        summary="Make a one-time sign-in link",
        body=Nothing,
        answer=InvitedOperatorDocument,
        status=201,
        tells_secret=True,
    ),
)
