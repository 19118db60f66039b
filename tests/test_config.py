"""Settings: the file, the environment, and every error at once with its path."""

import re
import tomllib
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from gateway.config.load import load_settings
from gateway.config.settings import Link, Settings
from gateway.domain.errors import InvalidError

ROOT = Path(__file__).parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "gateway.toml"


def refused(path: Path | None) -> dict[str, str]:
    """Return the errors, by path."""
    with pytest.raises(InvalidError) as error:
        load_settings(path)
    return error.value.fields


def test_no_file_means_the_defaults() -> None:
    assert load_settings() == Settings()


def test_the_file_of_the_repository_says_the_defaults() -> None:
    """It works as it stands, and what its readers see is what happens without it."""
    assert load_settings(ROOT / "gateway.toml") == Settings()


def test_the_file_of_the_repository_names_every_setting() -> None:
    """Nothing is hidden; empty sections (no key yet) need not stand there."""
    written = tomllib.loads((ROOT / "gateway.toml").read_text())
    known = {
        (section, key)
        for section, field in Settings.model_fields.items()
        for key, inner in type(field.default).model_fields.items()
        if not hasattr(inner.annotation, "model_fields")
    }
    assert {(section, key) for section, values in written.items() for key in values} == known


def test_the_defaults_of_the_contract() -> None:
    """shared/design/interface.md, "Settings"."""
    settings = Settings()
    assert settings.server.listen == ("0.0.0.0:8080",)
    assert settings.server.internal_listen == "127.0.0.1:9090"
    assert settings.server.workers == 1
    assert settings.server.shutdown_grace == timedelta(seconds=30)
    assert settings.limits.header_timeout == timedelta(seconds=10)
    assert settings.limits.body_timeout == timedelta(seconds=60)
    assert settings.limits.keepalive_timeout == timedelta(seconds=75)
    assert (settings.limits.header_bytes, settings.limits.header_count) == (65536, 200)
    assert (settings.limits.body_bytes, settings.limits.connections) == (0, 0)
    assert settings.upstream.url == ("http://127.0.0.1:8000",)
    assert settings.upstream.host_header == "preserve"
    assert settings.upstream.connect_timeout == timedelta(seconds=5)
    assert settings.upstream.response_timeout == timedelta(seconds=60)
    assert settings.upstream.idle_timeout == timedelta(seconds=30)
    assert settings.database.is_embedded
    assert settings.database.embedded_directory == Path(".gateway/postgres")
    assert settings.maintenance.prefix == "/_maintenance"
    assert settings.maintenance.when_unknown == "forward"
    assert settings.maintenance.snapshot_file == Path(".gateway/snapshot.json")
    assert settings.maintenance.retry_after == timedelta(minutes=5)
    assert settings.maintenance.response == "page"
    assert settings.admin.session_lifetime == timedelta(hours=12)
    assert settings.admin.session_idle == timedelta(hours=2)
    assert settings.log.format == "console"
    assert settings.log.access is True


def test_every_error_is_told_at_once_with_its_path(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("""
        [server]
        listen = "8080"
        workers = 0
        [limits]
        header_timeout = "soon"
        [upstream]
        url = "ftp://x"
        host_header = "keep"
        [database]
        url = "mysql://x"
        [maintenance]
        prefix = "x/"
        never_gate = ["health"]
        support_email = "nobody"
        bypass_networks = ["10.0.0.1/8"]
        tea = true
        [admin]
        session_idle = "4m"
        [kitchen]
        sink = 1
    """)
    monkeypatch.setenv("GATEWAY_SERVR__LISTEN", "0.0.0.0:80")
    fields = refused(file)
    assert set(fields) == {
        "server.listen",
        "server.workers",
        "limits.header_timeout",
        "upstream.url",
        "upstream.host_header",
        "database.url",
        "admin.session_idle",
        "maintenance.prefix",
        "maintenance.never_gate",
        "maintenance.support_email",
        "maintenance.bypass_networks.0",
        "maintenance.tea",
        "kitchen",
        "GATEWAY_SERVR__LISTEN",
    }
    assert all(fields.values())


@pytest.mark.parametrize(
    ("text", "path", "says"),
    [
        ('[server]\nlisten = "8080"', "server.listen", "0.0.0.0:8080"),
        ('[server]\nlisten = "127.0.0.1:99999"', "server.listen", "is not an address"),
        ('[server]\nlisten = ["127.0.0.1:80", "x"]', "server.listen", "'x' is not an address"),
        ("[server]\nlisten = []", "server.listen", "at least one"),
        ('[server]\ninternal_listen = "x"', "server.internal_listen", "is not an address"),
        ('[server]\nworkers = "many"', "server.workers", "auto"),
        ('[server]\ntrusted_proxies = ["x"]', "server.trusted_proxies.0", "network"),
        ('[server]\ntls_certificate = "x.pem"', "server", "tls_certificate and tls_key go together"),
        ('[server]\ntls_key = "x.pem"', "server", "tls_certificate and tls_key go together"),
        ('[server]\nshutdown_grace = "1y"', "server.shutdown_grace", "PT45M"),
        ('[server]\nshutdown_grace = "-5s"', "server.shutdown_grace", "PT45M"),
        ("[server]\nshutdown_grace = -5", "server.shutdown_grace", "less than nothing"),
        ('[limits]\nheader_timeout = "0s"', "limits.header_timeout", "longer than nothing"),
        ("[limits]\nheader_timeout = 0", "limits.header_timeout", "longer than nothing"),
        ("[limits]\nbody_bytes = -1", "limits.body_bytes", "greater than or equal to 0"),
        ("[limits]\nheader_bytes = 0", "limits.header_bytes", "greater than 0"),
        ("[upstream]\nurl = []", "upstream.url", "at least one"),
        ('[upstream]\nurl = "localhost:8000"', "upstream.url", "http://host:port"),
        ('[upstream]\nurl = "http://"', "upstream.url", "http://host:port"),
        ('[upstream]\nurl = "http://x:y"', "upstream.url", "ort"),
        ('[upstream]\nurl = "http://[::1"', "upstream.url", ""),
        ('[upstream]\nurl = "http://x/path"', "upstream.url", "http://host:port"),
        ('[upstream]\nurl = "http://x?q"', "upstream.url", "http://host:port"),
        ('[database]\nurl = ""', "database.url", "postgresql://"),
        ('[maintenance]\nprefix = "/"', "maintenance.prefix", "/_maintenance"),
        ('[maintenance]\nprefix = "/a/"', "maintenance.prefix", "/_maintenance"),
        ('[maintenance]\nprefix = "/a//b"', "maintenance.prefix", "/_maintenance"),
        ('[maintenance]\nprefix = "/a/../b"', "maintenance.prefix", "/_maintenance"),
        ('[maintenance]\nprefix = "/%61"', "maintenance.prefix", "/_maintenance"),
        ('[maintenance]\nwhen_unknown = "open"', "maintenance.when_unknown", "'forward' or 'close'"),
        ('[maintenance]\nresponse = "503"', "maintenance.response", "'page' or 'redirect'"),
        ('[page]\naccent = "navy"', "page.accent", "#1f4e8c"),
        ('[page]\nsupport_url = "http://help.example"', "page.support_url", "https://"),
        ('[page]\nsupport_url = "mailto:nobody"', "page.support_url", "mailto:name@example.com"),
        ('[page]\nlinks = [{ name = "X", url = "javascript:alert(1)" }]', "page.links.0.url", "https://"),
        ('[page]\nlinks = [{ name = "", url = "https://x" }]', "page.links.0.name", "at least 1"),
        ('[page]\nlinks = ["https://x"]', "page.links.0", "{ name = "),
        ('[page]\nlanguage = "xx"', "page.language", "one of en, de"),
        ('[page]\nlanguages = ["de", "sv"]', "page.languages.1", "one of en, de"),
        ('[page]\nlanguages = ["de"]', "page", "languages must name 'en' too"),
        ("[page]\nlanguages = []", "page", "languages must name 'en' too"),
        ('[page]\ntime_zone = "Europe/Berln"', "page.time_zone", "Europe/Berlin"),
        ('[admin.oidc]\nissuer = "x"', "admin.oidc.issuer", "no such setting"),
        ("[log]\naccess = 2", "log.access", "boolean"),
        ('[log]\nformat = "xml"', "log.format", "'console' or 'json'"),
        ("server = 1", "server", "section"),
        ("[[server]]", "server", "section"),
    ],
)
def test_a_wrong_value_is_named_with_the_remedy(file: Path, text: str, path: str, says: str) -> None:
    file.write_text(text)
    fields = refused(file)
    assert list(fields) == [path]
    assert says in fields[path]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('[server]\nlisten = ["127.0.0.1:80", "[::]:81", "unix:/run/x", ":82"]', lambda s: len(s.server.listen) == 4),
        ('[server]\ninternal_listen = ""', lambda s: s.server.internal_listen == ""),
        ('[server]\nworkers = "auto"', lambda s: s.server.workers == "auto"),
        ("[server]\nworkers = 4", lambda s: s.server.workers == 4),
        ('[server]\ntls_certificate = "a"\ntls_key = "b"', lambda s: s.server.tls_key == "b"),
        ('[server]\ntrusted_proxies = ["::1"]', lambda s: s.server.trusted_proxies == (ip_network("::1/128"),)),
        ('[server]\nshutdown_grace = "0s"', lambda s: s.server.shutdown_grace == timedelta()),
        ('[server]\nshutdown_grace = "PT1M30S"', lambda s: s.server.shutdown_grace == timedelta(seconds=90)),
        ("[server]\nshutdown_grace = 90", lambda s: s.server.shutdown_grace == timedelta(seconds=90)),
        ('[upstream]\nurl = ["https://a:1", "unix:/b"]', lambda s: s.upstream.url == ("https://a:1", "unix:/b")),
        ('[maintenance]\nprefix = "/ops/status"', lambda s: s.maintenance.prefix == "/ops/status"),
        ("[admin.oidc]\n[notify.email]\n[notify.chat]", lambda s: s == Settings()),
        ("", lambda s: s == Settings()),
    ],
)
def test_good_values_are_read(file: Path, text: str, read: object) -> None:
    """Sections that have no key yet may stand empty, as the contract prints them."""
    file.write_text(text)
    assert read(load_settings(file))  # type: ignore[operator]


def test_links_in_the_environment_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other list."""
    monkeypatch.setenv("GATEWAY_PAGE__LINKS", '[{"name": "Imprint", "url": "https://acme.example/imprint"}]')
    assert load_settings().page.links == (Link(name="Imprint", url="https://acme.example/imprint"),)


def test_the_environment_overrides_the_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Key by key: the rest of the section stays."""
    file.write_text('[upstream]\nurl = "http://file"\nhost_header = "rewrite"\n[log]\naccess = true')
    monkeypatch.setenv("GATEWAY_UPSTREAM__URL", "http://environment")
    monkeypatch.setenv("GATEWAY_LOG__ACCESS", "false")
    monkeypatch.setenv("GATEWAY_LIMITS__BODY_TIMEOUT", "2m")
    settings = load_settings(file)
    assert settings.upstream.url == ("http://environment",)
    assert settings.upstream.host_header == "rewrite"
    assert settings.log.access is False
    assert settings.limits.body_timeout == timedelta(minutes=2)


def test_a_list_in_the_environment_is_json_and_one_value_stands_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_UPSTREAM__URL", '["http://a", "http://b"]')
    monkeypatch.setenv("GATEWAY_MAINTENANCE__NEVER_GATE", '["/hooks"]')
    monkeypatch.setenv("GATEWAY_SERVER__LISTEN", '["127.0.0.1:80", "unix:/x"]')
    monkeypatch.setenv("GATEWAY_MAINTENANCE__BYPASS_NETWORKS", "10.0.0.0/8")
    monkeypatch.setenv("GATEWAY_SERVER__TRUSTED_PROXIES", "")
    settings = load_settings()
    assert settings.maintenance.bypass_networks == (ip_network("10.0.0.0/8"),)
    assert settings.server.trusted_proxies == ()
    assert settings.upstream.url == ("http://a", "http://b")
    assert settings.maintenance.never_gate == ("/hooks",)
    assert settings.server.listen == ("127.0.0.1:80", "unix:/x")


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("GATEWAY_MAINTENANCE__NEVER_GATE", "hooks", "maintenance.never_gate"),
        ("GATEWAY_MAINTENANCE__BYPASS_NETWORKS", "[10.0.0.0/8]", "maintenance.bypass_networks.0"),
        ("GATEWAY_SERVER__LISTEN", "8080", "server.listen"),
        ("GATEWAY_SERVER__LISTN", "x", "server.listn"),
        ("GATEWAY_SERVR__LISTEN", "x", "GATEWAY_SERVR__LISTEN"),
        ("GATEWAY_DATABASE__URL", "x", "database.url"),
        ("GATEWAY_ADMIN__OIDC__ISSUER", "x", "admin.oidc.issuer"),
        ("DATABASE_URL", "mysql://x", "database.url"),
    ],
)
def test_a_wrong_variable_is_an_error_too(monkeypatch: pytest.MonkeyPatch, name: str, value: str, path: str) -> None:
    monkeypatch.setenv(name, value)
    assert list(refused(None)) == [path]


def test_other_variables_of_the_gateway_are_none_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """`GATEWAY_URL` and `GATEWAY_TOKEN` are for the commands."""
    monkeypatch.setenv("GATEWAY_URL", "http://x")
    monkeypatch.setenv("GATEWAY_TOKEN", "x")
    assert load_settings() == Settings()


def test_which_database_wins(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GATEWAY_DATABASE__URL, then DATABASE_URL, then the file; other keys of the section stay."""

    def url() -> str:
        database = load_settings(file).database
        assert database.embedded_directory == Path("elsewhere")
        return database.url.get_secret_value()

    file.write_text('[database]\nurl = "postgresql://file"\nembedded_directory = "elsewhere"')
    assert url() == "postgresql://file"
    monkeypatch.setenv("DATABASE_URL", "postgres://platform")
    assert url() == "postgres://platform"
    monkeypatch.setenv("GATEWAY_DATABASE__URL", "postgresql://own")
    assert url() == "postgresql://own"
    monkeypatch.delenv("GATEWAY_DATABASE__URL")
    monkeypatch.setenv("DATABASE_URL", "")
    assert url() == "postgresql://file"


def test_the_password_of_the_database_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:sesame@host/db")
    settings = load_settings()
    assert "sesame" not in repr(settings)
    assert "sesame" not in settings.model_dump_json()


def test_an_error_does_not_show_it_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql://user:sesame@host/db")
    assert "sesame" not in str(refused(None))


def test_no_file_where_one_was_named(file: Path) -> None:
    assert "--config" in refused(file)[str(file)]


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(tmp_path)


@pytest.mark.parametrize("text", [b"[server", b"listen = 0.0.0.0:80", b"\xff\xfe", b"a = 1\na = 2"])
def test_what_is_no_toml(file: Path, text: bytes) -> None:
    """The line is named where there is one."""
    file.write_bytes(text)
    fields = refused(file)
    assert list(fields) == [str(file)]
    assert re.search(r"TOML|UTF-8", fields[str(file)])


def test_settings_are_frozen() -> None:
    settings = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.log = settings.log
    with pytest.raises(ValueError, match="frozen"):
        settings.log.access = False


def test_an_upstream_that_can_not_be_looked_up_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found when the settings are read, not by the first customer."""
    monkeypatch.setenv("GATEWAY_UPSTREAM__URL", "http://a..b:80")
    with pytest.raises(InvalidError) as error:
        load_settings()
    assert "names no host that can be looked up" in str(error.value)
