"""The settings, section by section, as `gateway.toml` has them."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from gateway.config.fields import (
    DATABASE_URL,
    HIGHEST_PORT,
    Duration,
    Listed,
    Networks,
    Port,
    Proxies,
    Tag,
    Timeout,
    TimeZone,
    Workers,
    link_address,
    listed,
    listen_address,
)
from gateway.domain.access import SecondFactorRule
from gateway.domain.languages import ENGLISH, LANGUAGES


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Server(_Section):
    """Where the gateway listens."""

    listen: Listed = Field(("0.0.0.0:8080",), description="A list, or unix:/path, also works.")
    internal_listen: str = Field("127.0.0.1:9090", description="/live /ready /metrics; empty: nowhere.")
    workers: Workers = Field(1, description='Processes that share the port; "auto": one per core.')
    trusted_proxies: Proxies = Field(
        (),
        description='Networks whose X-Forwarded-*, Forwarded and PROXY header are believed; "unix:" for unix sockets.',
    )
    tls_certificate: str = Field("", description="With tls_key: serves https; reloaded when the files change.")
    tls_key: str = Field("", description="The private key of tls_certificate.")
    http_listen: Listed = Field((), description="Addresses that serve plain http although there is a certificate.")
    redirect_to_https: bool = Field(default=False, description="Redirect what came by http to https (308).")
    https_port: Port = Field(443, description="The port that clients use for https, told in redirects.")
    hsts: Duration = Field(
        timedelta(),
        description="Strict-Transport-Security with the gateway's own pages where they go by https; it counts for the "
        "whole host. 0: left to the application.",
    )
    shutdown_notice: Duration = Field(
        timedelta(seconds=3), description="From SIGTERM, how long /ready says no before the ports are closed."
    )
    shutdown_grace: Duration = Field(timedelta(seconds=30), description="How long open requests may take at the end.")

    @property
    def worker_count(self) -> int:
        """How many workers there are: for "auto", as many as cores that this process may use."""
        return len(os.sched_getaffinity(0)) if self.workers == "auto" else self.workers

    @field_validator("http_listen")
    @classmethod
    def _http_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(listen_address(text) for text in value)

    @field_validator("listen")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError('name at least one address, such as "0.0.0.0:8080"')
        return tuple(listen_address(text) for text in value)

    @field_validator("internal_listen")
    @classmethod
    def _internal_address(cls, value: str) -> str:
        return listen_address(value) if value else value

    @model_validator(mode="after")
    def _whole_pair(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key go together: set both or neither")
        if self.http_listen and not self.tls_certificate:
            raise ValueError("http_listen is for gateways with a tls_certificate; without one, use listen")
        return self


class Limits(_Section):
    """What one client may cost."""

    header_timeout: Timeout = Field(timedelta(seconds=10), description="For the whole head of a request; then 408.")
    body_timeout: Timeout = Field(timedelta(seconds=60), description="Between two reads of a body.")
    keepalive_timeout: Timeout = Field(timedelta(seconds=75), description="Between two requests of a connection.")
    header_bytes: PositiveInt = Field(65_536, description="Head of a request: more is answered with 414 or 431.")
    header_count: PositiveInt = Field(200, description="Fields in a head; more: 431.")
    body_bytes: NonNegativeInt = Field(0, description="Body of a request, more: 413. 0: no limit.")
    connections: NonNegativeInt = Field(
        0, description="Open connections of clients; each worker refuses beyond its equal share. 0: no limit."
    )
    api_rate: NonNegativeInt = Field(600, description="API calls per minute of one token; more: 429. 0: no limit.")
    wrong_token_rate: NonNegativeInt = Field(
        60, description="API calls and sessions per minute and client address without a good token; 0: no limit."
    )


class Upstream(_Section):
    """The application."""

    url: Listed = Field(
        ("http://127.0.0.1:8000",), description="A list spreads requests; https:// and unix:/path work."
    )
    host_header: Literal["preserve", "rewrite"] = Field("preserve", description="preserve or rewrite.")
    tls_ca: str = Field("", description="Certificates that https:// servers are verified by; empty: the system's.")
    connect_timeout: Timeout = Field(timedelta(seconds=5), description="To open a connection.")
    response_timeout: Timeout = Field(timedelta(seconds=60), description="To the first byte of the head.")
    idle_timeout: Timeout = Field(
        timedelta(seconds=30), description="Pooled connections are closed after this; keep it below the application's."
    )

    @field_validator("url")
    @classmethod
    def _urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise ValueError('name at least one server, such as "http://127.0.0.1:8000"')
        for text in value:
            parts = urlsplit(text)
            good = text.startswith("unix:/") or (parts.scheme in ("http", "https") and bool(parts.hostname))
            if not good or parts.query or parts.fragment or (parts.scheme != "unix" and parts.path not in ("", "/")):
                raise ValueError(f"{text!r} is not a server: write http://host:port, https://host or unix:/path")
            _ = parts.port  # raises ValueError, with its own words, where it is no port
            try:
                (parts.hostname or "").encode("idna")
            except UnicodeError as error:
                raise ValueError(f"{text!r} names no host that can be looked up: {error}") from error
        return value


class Database(_Section):
    """PostgreSQL."""

    url: SecretStr = Field(SecretStr("embedded"), description="Or postgresql://..., several hosts allowed.")
    embedded_directory: Path = Field(Path(".gateway/postgres"), description="Data of the embedded server.")
    connections: PositiveInt = Field(
        5,
        description="At most so many per worker, beside two of its own: workers x (2 + connections) in all.",
    )

    @field_validator("url")
    @classmethod
    def _postgresql(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text != "embedded" and DATABASE_URL.match(text) is None:
            raise ValueError('write "embedded" or postgresql://user:password@host:5432/database')
        for port in re.findall(r":(\d+)(?=[,/?]|$)", text.partition("//")[2].rpartition("@")[2].partition("/")[0]):
            if int(port) > HIGHEST_PORT:
                raise ValueError(f"{port} is not a port")
        return value

    @property
    def is_embedded(self) -> bool:
        """Whether the gateway runs its own server."""
        return self.url.get_secret_value() == "embedded"


class Maintenance(_Section):
    """What customers see, and who is exempt."""

    prefix: str = Field("/_maintenance", description="Where the gateway's own pages are.")
    product: str = Field("Our product", description="The name customers know.")
    support_email: str = Field("", description="Shown to customers.")
    when_unknown: Literal["forward", "close"] = Field(
        "forward", description="What an unknown state means: forward or close."
    )
    snapshot_file: Path = Field(Path(".gateway/snapshot.json"), description="The last state, for a start without it.")
    retry_after: Duration = Field(timedelta(minutes=5), description="Retry-After when no estimate is left.")
    never_gate: Listed = Field((), description="Paths always forwarded (webhooks, health checks).")
    bypass_networks: Networks = Field((), description="Clients that are never gated.")
    response: Literal["page", "redirect"] = Field(
        "page", description='Or "redirect": 302 to the status page for browsers that navigate.'
    )
    count_interval: Timeout = Field(
        timedelta(seconds=5), description="How often refused requests and their clients are written to the history."
    )

    @field_validator("prefix")
    @classmethod
    def _plain_prefix(cls, value: str) -> str:
        if re.fullmatch(r"(?:/[A-Za-z0-9_.~-]+)+", value) is None or "/." in value:
            raise ValueError(
                f'{value!r} is not a path such as "/_maintenance": it starts with / and does not end with it'
            )
        return value

    @field_validator("never_gate")
    @classmethod
    def _absolute_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if not path.startswith("/"):
                raise ValueError(f"{path!r} does not start with /")
        return value

    @field_validator("support_email")
    @classmethod
    def _email(cls, value: str) -> str:
        if value and re.fullmatch(r"[^@\s<>\"]+@[^@\s<>\"]+", value) is None:
            raise ValueError(f"{value!r} is not an e-mail address")
        return value


class Link(_Section):
    """A link in the foot of the customers' pages."""

    name: str = Field(min_length=1)
    url: str

    @model_validator(mode="before")
    @classmethod
    def _table(cls, value: object) -> object:
        if isinstance(value, str):
            raise ValueError(  # noqa: TRY004  what pydantic makes an error of the setting
                f'{value!r} is not a link: write {{ name = "Imprint", url = "https://..." }}'
            )
        return value

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        return link_address(value)


Links = Annotated[tuple[Link, ...], BeforeValidator(listed)]


class Page(_Section):
    """How the customers' pages look, and what they say beside the state."""

    logo: str = Field("", description="An SVG or PNG of up to 20 KB, shown in place of the product's name.")
    accent: str = Field(
        "", description='Colour of links and of the line at the top, such as "#1f4e8c"; empty: the gateway\'s own.'
    )
    support_text: str = Field("", description='In place of "Need help?".')
    support_url: str = Field("", description="Where customers get help: https://... or mailto:...")
    introduction: str = Field("", description="Markdown of your own on the page that stands in for the application.")
    links: Annotated[tuple[Link, ...], BeforeValidator(listed)] = Field(
        (), description='In the foot: [{ name = "Imprint", url = "https://..." }].'
    )

    language: Tag = Field(
        ENGLISH, description="The language of your own texts, and of the pages for who asks for none of `languages`."
    )
    languages: Annotated[tuple[Tag, ...], BeforeValidator(listed)] = Field(
        LANGUAGES, description="What readers can choose from; one alone: there is no choice."
    )
    time_zone: TimeZone = Field(
        "UTC", description="Times on the pages are in this zone, such as Europe/Berlin, and in the reader's own."
    )
    templates: str = Field(
        "", description="A directory: a file in it takes the place of the gateway's of the same name, file by file."
    )

    @field_validator("accent")
    @classmethod
    def _colour(cls, value: str) -> str:
        if value and re.fullmatch(r"#[0-9A-Fa-f]{6}", value) is None:
            raise ValueError(f'{value!r} is not a colour: write # and six hexadecimal digits, such as "#1f4e8c"')
        return value.lower()

    @model_validator(mode="after")
    def _spoken(self) -> Self:
        if self.language not in self.languages:
            raise ValueError(f"languages must name {self.language!r} too: it is the page's language")
        return self

    @field_validator("support_url")
    @classmethod
    def _support_address(cls, value: str) -> str:
        return link_address(value) if value else value


class Oidc(_Section):
    """Single sign-on: no key yet, the section may stand empty."""


class TrustedHeader(_Section):
    """Sign-in by a proxy in front, which has found out who it is."""

    name: str = Field("", description="The header with the operator's e-mail address; empty: none is believed.")
    networks: Networks = Field((), description="Proxies that are believed, by the address they connect from.")

    @field_validator("name")
    @classmethod
    def _own_header(cls, value: str) -> str:
        if value and re.fullmatch(r"[Xx]-[A-Za-z0-9-]+|Remote-[A-Za-z]+", value) is None:
            raise ValueError(f'{value!r} is no header for this: write one such as "X-Auth-Request-Email"')
        if value.lower().startswith("x-forwarded-for") or value.lower() in ("x-forwarded-host", "x-forwarded-proto"):
            raise ValueError(f'{value!r} says where a request comes from: write one such as "X-Auth-Request-Email"')
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.name) != bool(self.networks):
            raise ValueError("name and networks go together: set both or neither")
        return self


class Admin(_Section):
    """The SRE panel."""

    session_lifetime: Timeout = Field(timedelta(hours=12), description="How long a sign-in lasts at most.")
    session_idle: Timeout = Field(
        timedelta(hours=2), description="A sign-in that was not used for so long ends, too; 5m at least."
    )
    sign_in_rate: NonNegativeInt = Field(
        10,
        description="Attempts to sign in per minute and client address; ten times as many for one e-mail address from "
        "where its owner has not signed in before. 0: no limit.",
    )
    networks: Networks = Field(
        (), description="Client networks that may use the panel; it does not exist for others. Empty: everywhere."
    )
    listen: Listed = Field(
        (), description="Addresses that serve the panel, beside all else; then no other does. Empty: all of them do."
    )
    guards_api: bool = Field(default=False, description="networks and listen are for the API (/api/v1), too.")
    environment: str = Field(
        "", max_length=40, description="Which installation this is, on each screen of the panel: production, staging."
    )
    environment_colour: Literal["grey", "blue", "green", "amber", "red"] = Field(
        "grey", description="Of that banner: grey, blue, green, amber or red."
    )
    require_second_factor: SecondFactorRule = Field(
        SecondFactorRule.NOBODY,
        description="Who must have a second factor: nobody, administrators or everybody. Who has none sets one up "
        "first.",
    )
    oidc: Oidc = Oidc()
    trusted_header: TrustedHeader = TrustedHeader()

    @field_validator("session_idle")
    @classmethod
    def _several_minutes(cls, value: timedelta) -> timedelta:
        if value < timedelta(minutes=5):  # that a session was used is written once a minute
            raise ValueError('must be 5m at least, such as "2h"')
        return value

    @field_validator("listen")
    @classmethod
    def _panel_addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(listen_address(text) for text in value)


class NotifyEmail(_Section):
    """Mail: no key yet, the section may stand empty."""


class NotifyChat(_Section):
    """Chat: no key yet, the section may stand empty."""


class Notify(_Section):
    """Who is told, and how."""

    email: NotifyEmail = NotifyEmail()
    chat: NotifyChat = NotifyChat()


class Log(_Section):
    """What is written."""

    format: Literal["console", "json"] = Field("console", description="console or json.")
    access: bool = Field(default=True, description="One line per request, on standard output.")


class Settings(_Section):
    """All settings, frozen. Read by `load_settings`; sections as in gateway.toml."""

    server: Server = Server()
    limits: Limits = Limits()
    upstream: Upstream = Upstream()
    database: Database = Database()
    maintenance: Maintenance = Maintenance()
    page: Page = Page()
    admin: Admin = Admin()
    notify: Notify = Notify()
    log: Log = Log()
