"""What requests bring: a JSON object in the body, parameters in the query, names in the path; each checked."""

import re
from typing import TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, StrictBool
from pydantic_core import from_json

from gateway.domain.errors import NotFoundError
from gateway.domain.window import State
from gateway.service.drafts.fields import Length, checked
from gateway.service.drafts.windows import WindowChange

MOST_WINDOWS = 1000

B = TypeVar("B", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WindowPatch(WindowChange):
    """A change of a window; with `row_version` only if the window is still at that version."""

    fixed: StrictBool | None = None
    row_version: PositiveInt | None = None

    def change(self) -> WindowChange:
        """Return the change alone, with exactly the fields that were sent."""
        names = self.model_fields_set - {"row_version"}
        return WindowChange.model_construct(names, **{name: getattr(self, name) for name in names})


class Extension(_Body):
    """By how much an estimated end moves: `{"by": "PT15M"}`."""

    by: Length


class Ending(_Body):
    """How a window ends: `{"fixed": false}` where what it was about is not settled."""

    fixed: StrictBool = True


class Nothing(_Body):
    """No field at all: the path says everything."""


class WindowQuery(_Body):
    """Which windows are listed: `?state=active&state=scheduled&limit=20`."""

    state: frozenset[State] | None = None
    limit: int = Field(100, ge=1, le=MOST_WINDOWS)


async def body(request: web.Request, model: type[B]) -> B:
    """Read the body as a JSON object and check it; without a body all fields are left out.

    Raises:
        HTTPUnsupportedMediaType: there is a body and it does not say that it is JSON.
        HTTPBadRequest: it is no JSON object.
        HTTPRequestEntityTooLarge: it is longer than the application's limit.
        InvalidError: `fields` names every wrong field.
    """
    raw = await request.read()
    if not raw:
        return checked(model, {})
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text='Send JSON, and say so: "Content-Type: application/json".')
    try:
        data = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"The body is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(text='The body is not a JSON object such as {"title": "Database upgrade"}.')
    return checked(model, data)


def query(request: web.Request) -> WindowQuery:
    """Check the query of the list of windows.

    Raises:
        InvalidError: a parameter is unknown or wrong.
    """
    data: dict[str, object] = dict(request.query)
    if "state" in data:
        data["state"] = request.query.getall("state")
    return checked(WindowQuery, data)


def window_id(request: web.Request) -> UUID:
    """Return the window's id from the path.

    Raises:
        NotFoundError: it can be no window's id.
    """
    return _id(request, "window")


def bypass_link_id(request: web.Request) -> UUID:
    """Return the bypass link's id from the path.

    Raises:
        NotFoundError: it can be no link's id.
    """
    return _id(request, "bypass link")


def replica_id(request: web.Request) -> UUID:
    """Return the replica's id from the path.

    Raises:
        NotFoundError: it can be no replica's id.
    """
    return _id(request, "replica")


def component_slug(request: web.Request) -> str:
    """Return the component's short name from the path.

    Raises:
        NotFoundError: it can be none.
    """
    text = request.match_info["slug"]
    if re.fullmatch(r"[a-z0-9-]+", text) is None:
        raise NotFoundError(f"there is no component {text!r}")
    return text


def _id(request: web.Request, what: str) -> UUID:
    text = request.match_info["id"]
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFoundError(f"there is no {what} {text}") from error
