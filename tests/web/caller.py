"""A program that calls the API of the built-in application with a token."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.access import TokenScope, command_line
from gateway.web.keys import Services
from tests.web.panel import PREFIX, Client

API = f"{PREFIX}/api/v1"
NO_WINDOW = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that was read."""

    status: int
    type: str
    headers: Any
    document: Any


class Caller:
    """Calls paths below `/api/v1`. Without a token it sends none."""

    def __init__(self, client: Client, token: str | None) -> None:
        self.client = client
        self.token = token

    async def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        authorization: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        headers = dict(headers or {})
        if self.token or authorization:
            headers["Authorization"] = authorization or f"Bearer {self.token}"
        data = raw if body is None else json.dumps(body).encode()
        large = io.BytesIO(data) if data and len(data) > 2**20 else data  # aiohttp warns of large bytes
        skip = ["Content-Type"] if content_type is None else []
        if data is not None and content_type is not None:
            headers["Content-Type"] = content_type
        async with self.client.request(
            method, API + path, data=large, headers=headers, skip_auto_headers=skip
        ) as response:
            text = await response.text()
            return Reply(
                status=response.status,
                type=response.content_type,
                headers=response.headers,
                document=json.loads(text) if text and response.content_type.endswith("json") else text or None,
            )


async def token_of(services: Services, scope: TokenScope) -> str:
    """Make a token."""
    return await services.tokens.create(f"{scope} token", scope, command_line("test"))


def is_problem(reply: Reply, status: int) -> bool:
    """Tell whether the reply is a problem (RFC 9457) with this status, in the head and in the body."""
    document = reply.document
    return (
        (reply.status, reply.type, document["status"]) == (status, "application/problem+json", status)
        and bool(document["title"])
        and bool(document["detail"])
    )
