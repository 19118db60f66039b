"""The API, from outside: one call with address and token, and its errors as those of the gateway's tree."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import uuid4

import aiohttp
import click
from yarl import URL

from gateway import __version__
from gateway.commands.failures import WrongUsageError
from gateway.domain.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)

DEFAULT_URL = "http://127.0.0.1:8080"
_PREFIX = "/_maintenance"
_LIMIT = aiohttp.ClientTimeout(total=30, connect=10)
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

    def _call(self, method: str, path: str, body: Document | None, query: dict[str, Any]) -> Document:
        """Make one call.

        Raises:
            RejectedError: the gateway refuses; the message is its own.
            UnavailableError: nothing answers there, or it is no gateway.
        """
        return asyncio.run(self._called(method, self.base.joinpath(*path.split("/")).with_query(query), body))

    async def _called(self, method: str, url: URL, body: Document | None) -> Document:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": f"maintenance-gateway/{__version__}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid4())
        try:
            async with aiohttp.ClientSession(timeout=_LIMIT, headers=headers) as session:
                try:
                    status, document = await self._answered(session, method, url, body)
                except _ANSWER_LOST as error:
                    if method != "POST" or isinstance(error, aiohttp.ClientConnectorError):
                        raise
                    # It may have been done: by its key it is done once, and answered again.
                    status, document = await self._answered(session, method, url, body)
        except TimeoutError as error:
            raise UnavailableError(f"{self.base} does not answer in time") from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise UnavailableError(
                f"the certificate of {self.base.origin()} isn't trusted ({error.certificate_error}); "
                "SSL_CERT_FILE=/path/to/ca.pem names its authority"
            ) from error
        except aiohttp.ClientError as error:
            raise UnavailableError(
                f"nothing answers at {self.base} ({error}): start it with `gateway serve`, "
                "or name another with GATEWAY_URL or --url"
            ) from error
        if status < HTTPStatus.BAD_REQUEST:
            return document
        raise _refusal(status, document)

    async def _answered(
        self, session: aiohttp.ClientSession, method: str, url: URL, body: Document | None
    ) -> tuple[int, Document]:
        async with session.request(method, url, json=body, allow_redirects=False) as response:
            return response.status, await _document(response, self.base)


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
        return InvalidError({str(name): str(what) for name, what in fields.items()})
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
