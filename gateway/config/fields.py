"""What values of settings are made of: lengths of time, networks, addresses, lists; each says what is wrong with it."""

import json
import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator

from gateway.domain.duration import parse_duration, short_duration
from gateway.domain.languages import LANGUAGES
from gateway.domain.recurrence import read_time_zone


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta():
        raise ValueError("must not be less than nothing")
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be longer than nothing")
    return value


def listed(value: object) -> object:
    """Take one value for a list of one; a list in the environment is written as JSON."""
    if not isinstance(value, str):
        return value
    if not value:
        return []
    try:
        found = json.loads(value)
    except ValueError:
        return [value]
    return found if isinstance(found, list) else [value]


def _network(value: object) -> IPv4Network | IPv6Network:
    try:
        return ip_network(str(value))
    except ValueError as error:
        raise ValueError(f'{error}: write a network such as "10.0.0.0/8" or an address') from error


def _proxy(value: object) -> IPv4Network | IPv6Network | Literal["unix:"]:
    return "unix:" if value == "unix:" else _network(value)


def _workers(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if re.fullmatch(r"[1-9][0-9]{0,3}", str(value)) is None:
        raise ValueError(f'{value!r} is no number of processes: write 1 or more, or "auto"')
    return int(str(value))


def _tag(value: object) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"{value!r} is no language of the pages: write one of {', '.join(LANGUAGES)}")
    return str(value)


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    AfterValidator(_not_negative),
    PlainSerializer(short_duration, when_used="json"),
]
Timeout = Annotated[Duration, AfterValidator(_positive)]
Network = Annotated[IPv4Network | IPv6Network, PlainValidator(_network), PlainSerializer(str, when_used="json")]
# A language of the pages, as a tag of BCP 47.
Tag = Annotated[str, PlainValidator(_tag)]
TimeZone = Annotated[str, AfterValidator(read_time_zone)]
# One value or a list of them.
Listed = Annotated[tuple[str, ...], BeforeValidator(listed)]
Workers = Annotated[int | Literal["auto"], PlainValidator(_workers)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(listed)]
Proxy = Annotated[
    IPv4Network | IPv6Network | Literal["unix:"], PlainValidator(_proxy), PlainSerializer(str, when_used="json")
]
Proxies = Annotated[tuple[Proxy, ...], BeforeValidator(listed)]

_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^:\s/\[\]]*):(\d{1,5})", re.ASCII)
HIGHEST_PORT = 65_535
# Scheme, account, hosts with numeric ports, database, options: libpq's URIs (PostgreSQL manual, 32.1.1.2).
DATABASE_URL = re.compile(
    r"postgres(?:ql)?://(?:[^@/]*@)?(?:(?:\[[^\]]+\]|[^:,/?@\[\]]*)(?::\d*)?(?:,(?!/)|(?=[/?]|$)))*(?:/[^?]*)?(?:\?.*)?$"
)


def listen_address(text: str) -> str:
    """Check an address to listen on: `0.0.0.0:8080`, `[::]:8080` or `unix:/path`.

    Raises:
        ValueError: it is none.
    """
    if text.startswith("unix:/"):
        return text
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match[1]) > HIGHEST_PORT:
        raise ValueError(f'{text!r} is not an address to listen on: write "0.0.0.0:8080", "[::]:8080" or "unix:/path"')
    try:
        text.rpartition(":")[0].strip("[]").encode("idna")
    except UnicodeError as error:
        raise ValueError(f"{text!r} names no host that can be looked up: {error}") from error
    return text


def link_address(text: str) -> str:
    """Check an address that customers may follow: `https://...` or `mailto:...`.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(text)
    web, mail = parts.scheme == "https" and parts.hostname, parts.scheme == "mailto" and "@" in parts.path
    if not (web or mail) or re.search(r"\s", text):
        raise ValueError(f'{text!r} is not an address to follow: write "https://..." or "mailto:name@example.com"')
    return text


Port = Annotated[int, Field(ge=1, le=HIGHEST_PORT)]
