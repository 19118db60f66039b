"""The API, from outside: one call with address and token, and its errors as those of the gateway's tree."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, BinaryIO, TypeVar
from uuid import uuid4

import aiohttp
import click
from yarl import URL

from gateway import __version__
from gateway.commands.conflict import ChangedMeanwhileError
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.field_names import as_typed
from gateway.commands.output import printable
from gateway.domain.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from gateway.domain.token import EXPIRES_HEADER

DEFAULT_URL = "http://127.0.0.1:8080"
_PREFIX = "/_maintenance"
_LIMIT = aiohttp.ClientTimeout(total=30, connect=10)
# What is long takes long: as long as something comes.
_NO_LIMIT = aiohttp.ClientTimeout(total=None, connect=10, sock_read=30)
# A gateway that ends, or is killed, while it answers.
_ANSWER_LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)

_ERRORS: dict[int, type[GatewayError]] = {
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    429: UnavailableError,
    503: UnavailableError,
}

Document = dict[str, Any]
F = TypeVar("F", bound=Callable[..., Any])


class _AnswerLostError(UnavailableError):
    """The connection ended before the answer was there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """Where the API is, and with which token."""

    base: URL
    token: str

    def get(self, path: str, **query: Any) -> Document:
        """Read a document."""
        return self._call("GET", path, None, query)

    def post(self, path: str, body: Document | None = None) -> Document:
        """Send a document, or nothing, and return what it makes."""
        return self._call("POST", path, body, {})

    def patch(self, path: str, body: Document) -> Document:
        """Send a change and return what it makes."""
        return self._call("PATCH", path, body, {})

    def delete(self, path: str) -> Document:
        """Do away with something and return what it was."""
        return self._call("DELETE", path, None, {})

    def all(self, path: str, name: str, **query: Any) -> list[Document]:
        """Read a list to its end, page by page; `name` is that of the list in each page."""
        page = self.get(path, **query)
        found: list[Document] = page[name]
        while page["next_cursor"] is not None:
            page = self.get(path, **query, cursor=page["next_cursor"])
            found += page[name]
        return found

    def download(self, path: str, file: BinaryIO, **query: Any) -> None:
        """Write what a path answers to `file` as it comes, however long it is.

        Raises:
            RejectedError: the gateway refuses.
            UnavailableError: nothing answers there, or the answer broke off: what was written is not the whole.
        """
        asyncio.run(self._downloaded(self._url(path, query), file))

    def _url(self, path: str, query: dict[str, Any]) -> URL:
        return self.base.joinpath(*path.split("/")).with_query(query)

    async def _downloaded(self, url: URL, file: BinaryIO) -> None:
        async with self._answered("GET", url, None, _NO_LIMIT) as response:
            if not response.ok:
                raise _refusal(response.status, await _document(response, self.base))
            if "Content-Disposition" not in response.headers:
                raise _no_gateway(self.base, f"it answers {response.status} with {response.content_type}")
            try:
                async for chunk in response.content.iter_any():
                    file.write(chunk)
            except aiohttp.ClientError as error:
                raise UnavailableError("the answer broke off: what was written is not the whole; try again") from error

    def _call(self, method: str, path: str, body: Document | None, query: dict[str, Any]) -> Document:
        """Make one call.

        Raises:
            RejectedError: the gateway refuses; the message is its own.
            UnavailableError: nothing answers there, or it is no gateway.
        """
        return asyncio.run(self._called(method, self._url(path, query), body))

    async def _called(self, method: str, url: URL, body: Document | None) -> Document:
        key = str(uuid4()) if method == "POST" else ""
        try:
            response, document = await self._asked(method, url, body, key)
        except _AnswerLostError:
            if not key:
                raise
            # It may have been done: by its key it is done once, and answered again.
            response, document = await self._asked(method, url, body, key)
        if response.ok:
            return document
        raise _refusal(response.status, document)

    async def _asked(
        self, method: str, url: URL, body: Document | None, key: str
    ) -> tuple[aiohttp.ClientResponse, Document]:
        async with self._answered(method, url, body, _LIMIT, key) as response:
            return response, await _document(response, self.base)

    @asynccontextmanager
    async def _answered(
        self, method: str, url: URL, body: Document | None, limit: aiohttp.ClientTimeout, key: str = ""
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Make a call and lend the answer; what the network does is told as an error of ours."""
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": f"maintenance-gateway/{__version__}"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=headers) as session,
                session.request(method, url, json=body, allow_redirects=False) as response,
            ):
                _tell_expiry(response.headers.get(EXPIRES_HEADER, ""))
                yield response
        except TimeoutError as error:
            raise UnavailableError(f"{self.base} does not answer in time") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise UnavailableError(
                f"the certificate of {self.base.origin()} isn't trusted ({error.certificate_error}); "
                "SSL_CERT_FILE=/path/to/ca.pem names its authority"
            ) from error
        except aiohttp.ClientError as error:
            lost = isinstance(error, _ANSWER_LOST) and not isinstance(error, aiohttp.ClientConnectorError)
            raise (_AnswerLostError if lost else UnavailableError)(
                f"nothing answers at {self.base} ({error}): start it with `gateway serve`, "
                "or name another with GATEWAY_URL or --url"
            ) from error


@cache
def _tell_expiry(expires: str) -> None:
    """Say, once, that the token has to be renewed before long."""
    if expires:
        tell(f"the token expires at {printable(expires)}; `gateway token create` on the gateway's host makes a new one")


async def _document(response: aiohttp.ClientResponse, base: URL) -> Document:
    """Read the answer as a JSON object.

    Raises:
        UnavailableError: it is none: there is something else at this address.
    """
    if response.content_type in ("application/json", "application/problem+json"):
        try:
            document = await response.json(content_type=None)
        except ValueError:
            document = None
        if isinstance(document, dict):
            return _Answer(document, base)
    raise _no_gateway(base, f"it answers {response.status} with {response.content_type}")


class _Answer(dict[str, Any]):
    """An answer of the API. What it lacks, no gateway has written."""

    def __init__(self, document: Document, base: URL) -> None:
        super().__init__(document)
        self._base = base

    def __missing__(self, key: str) -> Any:
        raise _no_gateway(self._base, f'its answer has no "{key}"')


def _no_gateway(base: URL, reason: str) -> UnavailableError:
    return UnavailableError(
        f"{base} is no gateway's API: {reason}; GATEWAY_URL and --url take the gateway's address, with its prefix "
        "where that is another than /_maintenance"
    )


def _refusal(status: int, problem: Document) -> GatewayError:
    """Return the error that a problem document tells of (RFC 9457)."""
    text = str(problem.get("detail") or problem.get("title") or f"the gateway answers {status}")
    fields = problem.get("errors")
    if isinstance(fields, dict) and fields:
        return InvalidError(as_typed({str(name): str(what) for name, what in fields.items()}))
    current, sent = problem.get("current"), problem.get("sent")
    if isinstance(current, dict) and isinstance(sent, dict):
        # Behind these words stands what a program would do about it.
        return ChangedMeanwhileError(text.rpartition("; compare `current`")[0] or text, current=current, sent=sent)
    return _ERRORS.get(status, GatewayError)(text)


def api_options(command: F) -> F:
    """Add `--url` and `--token` to a command; it gets `url` and `token`."""
    command = click.option(
        "--token", envvar="GATEWAY_TOKEN", show_envvar=True, metavar="TOKEN", help="A token of the gateway."
    )(command)
    return click.option(
        "--url",
        envvar="GATEWAY_URL",
        show_envvar=True,
        metavar="URL",
        default=DEFAULT_URL,
        show_default=True,
        help="Where the gateway is; with its prefix where that is not /_maintenance.",
    )(command)


def connected(url: str, token: str | None, scope: str) -> Api:
    """Return the API at an address; `scope` is what the token needs, for the message.

    Raises:
        WrongUsageError: there is no token, or the address is none.
    """
    if not token:
        raise WrongUsageError(
            f"no token: set GATEWAY_TOKEN or --token (`gateway token create NAME --scope {scope}` on the gateway's "
            "host makes one)"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise WrongUsageError("the token contains characters that no token has: copy it again")
    try:
        base = URL(url)
        port = base.port
    except ValueError:
        port, base = None, URL()
    if base.scheme not in ("http", "https") or not base.host or not port:
        raise WrongUsageError(f"{url!r} is no address of a gateway: write for example {DEFAULT_URL}")
    if base.path.strip("/") == "":
        base = base.with_path(_PREFIX)
    return Api(base=base.joinpath("api", "v1"), token=token)
