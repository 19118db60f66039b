"""Operations: what the API offers, each declared once. Routes, checks and the OpenAPI document are made from these.

A handler gets a `Call`, in which body, query and preconditions are checked already, and returns an `Answer`.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

from aiohttp import web
from pydantic import BaseModel

from gateway.domain.access import Actor
from gateway.domain.errors import NotFoundError, StaleError
from gateway.domain.snapshot import Moment
from gateway.web.api.bodies import body_of, query_of
from gateway.web.api.documents import Document
from gateway.web.api.once import act_once
from gateway.web.api.preconditions import etag, is_unchanged, wanted_version
from gateway.web.auth import actor
from gateway.web.errors import problem
from gateway.web.keys import SERVICES, Services

B = TypeVar("B", bound=BaseModel | None)
Q = TypeVar("Q", bound=BaseModel | None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[B, Q]):
    """One call: who asks, and what; `row_version` is the version that it is about (`If-Match`, or the body's)."""

    request: web.Request
    actor: Actor
    body: B
    query: Q
    row_version: int | None

    @property
    def services(self) -> Services:
        """All use cases."""
        return self.request.app[SERVICES]

    @property
    def moment(self) -> Moment:
        """What is in force at this gateway."""
        return self.services.state.moment

    @property
    def now(self) -> datetime:
        """PostgreSQL's clock."""
        return self.services.state.now()

    def id(self, what: str) -> UUID:
        """Return the id of the path; `what` it is of is for the message.

        Raises:
            NotFoundError: it can be none.
        """
        text = self.request.match_info["id"]
        try:
            return UUID(text)
        except ValueError as error:
            raise NotFoundError(f"there is no {what} {text}") from error

    def slug(self) -> str:
        """Return the short name of the path, as it was sent."""
        return self.request.match_info["slug"]

    def path_of(self, operation: str, **parts: str) -> str:
        """Return the path of another operation, for `Location`."""
        return str(self.request.app.router[operation].url_for(**parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a handler answers. `row_version` where the document is a row that can be edited, for its ETag."""

    document: Document
    location: str | None = None
    row_version: int | None = None


Handler = Callable[[Call[B, Q]], Awaitable[Answer | web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Operation(Generic[B, Q]):
    """One operation of the API. `name` is that of its rule in `domain/access.py`.

    `body` and `query` are the models that a call is checked by (None: nothing is taken), `answer` that of what comes
    back. `show` is the handler that shows the same thing: a call which comes too late is answered with what is saved.
    `tells_secret`: what is answered is told once, and kept nowhere. `media` is that of an answer which is no JSON.
    """

    method: str
    path: str
    handler: Handler[B, Q]
    _: KW_ONLY
    name: str
    summary: str
    answer: type[Document] | None = None
    status: int = HTTPStatus.OK
    body: type[B] | None = None
    query: type[Q] | None = None
    show: Handler[Any, Any] | None = None
    tells_secret: bool = False
    media: str = "application/json"

    def route(self, base: str, fixed: Collection[str] = ()) -> web.RouteDef:
        """Return the route below `base`; `fixed` are the paths of all operations that have no part in braces."""
        path = base + self._pattern(fixed)
        if self.method == "GET":
            return web.get(path, self._serve, name=self.name)
        return web.route(self.method, path, self._serve, name=self.name)

    def _pattern(self, fixed: Collection[str]) -> str:
        """Return the path as the router has it: `/series/preview` is no series (OpenAPI 3.1, path templating)."""
        parent, _, last = self.path.rpartition("/")
        beside = [path.rpartition("/")[2] for path in fixed if path.rpartition("/")[0] == parent]
        if not beside or not last.startswith("{"):
            return self.path
        return f"{parent}/{{{last[1:-1]}:(?!(?:{'|'.join(re.escape(each) for each in beside)})$)[^/]+}}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        query: Any = query_of(request, self.query)
        body: Any = await body_of(request, self.body)
        version = wanted_version(request, body) if self.show else None
        call = Call(request=request, actor=actor(request), body=body, query=query, row_version=version)
        key = request.headers.get("Idempotency-Key")
        if key is not None and self.method == "POST":
            return await act_once(
                request, key, call.actor, lambda who: self._done(replace(call, actor=who)), is_secret=self.tells_secret
            )
        return await self._done(call)

    async def _done(self, call: Call[B, Q]) -> web.StreamResponse:
        try:
            answer = await self.handler(call)
        except StaleError as error:
            if self.show is None:
                raise
            return await self._too_late(call, error, self.show)
        if isinstance(answer, web.StreamResponse):
            return answer
        return self._response(call.request, answer)

    def _response(self, request: web.Request, answer: Answer) -> web.Response:
        content = answer.document.model_dump_json().encode()
        headers = {}
        if answer.location is not None:
            headers["Location"] = answer.location
        if self.method == "GET" or answer.row_version is not None:
            headers["ETag"] = etag(answer.row_version, hashlib.sha256(content).hexdigest())
        if self.method == "GET" and is_unchanged(request, headers["ETag"]):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        if answer.document.next_path(request) is not None:
            headers["Link"] = f'<{answer.document.next_path(request)}>; rel="next"'
        return web.Response(status=self.status, body=content, content_type="application/json", headers=headers)

    async def _too_late(self, call: Call[B, Q], error: StaleError, show: Handler[Any, Any]) -> web.Response:
        """Answer with both texts: what is saved, and what was sent."""
        asked: Call[Any, Any] = Call(request=call.request, actor=call.actor, body=None, query=None, row_version=None)
        shown = await show(asked)
        if not isinstance(shown, Answer):
            raise TypeError(f"{self.name} shows no document")
        by_tag = "If-Match" in call.request.headers
        status = HTTPStatus.PRECONDITION_FAILED if by_tag else HTTPStatus.CONFLICT  # RFC 9110, section 13.1.1
        sent = call.body.model_dump(mode="json", exclude_unset=True) if call.body is not None else {}
        return problem(
            status,
            "It has changed in the meantime",
            f"{error}; compare `current` with what you sent, and send it again with the version of `current`",
            {"Cache-Control": "no-store"},
            current=shown.document.model_dump(mode="json"),
            sent=sent,
        )
