"""`gateway user`: the operators of the panel, straight in the database."""

import sys
from pathlib import Path

import click

from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.host import on_host
from gateway.commands.options import CONFIG, JSON, configured, one_of, read_settings
from gateway.commands.output import instant, print_json, print_table, short_instant
from gateway.config.settings import Settings
from gateway.domain.access import Role

_PASSWORD = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")
# Listening everywhere is no address to go to.
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104  what stands in the settings


@click.group
@CONFIG
def user(config: Path | None) -> None:
    """Add and change operators of the panel."""
    configured(config)


@user.command
@click.argument("email")
@click.option("--role", type=one_of(Role), required=True, help="What the operator may do.")
@_PASSWORD
@JSON
@CONFIG
def add(email: str, role: str, config: Path | None, *, password_stdin: bool, as_json: bool) -> None:
    """Add an operator; prints a one-time sign-in link, unless the password comes on standard input."""
    settings = read_settings(config)
    chosen = _password() if password_stdin else None
    token = on_host(settings, lambda host: host.operators.add(email, Role(role), host.actor, password=chosen))
    link = _link(settings, token)
    if as_json:
        print_json({"email": email, "role": role, "sign_in_link": link})
        return
    tell(f"added {email} as {role}")
    if link:
        click.echo(link)


@user.command
@click.argument("email")
@_PASSWORD
@JSON
@CONFIG
def password(email: str, config: Path | None, *, password_stdin: bool, as_json: bool) -> None:
    """Set a password, or print a one-time link to choose one; the operator's sessions end."""
    settings = read_settings(config)
    chosen = _password() if password_stdin else None
    token = on_host(settings, lambda host: host.operators.reset_password(email, host.actor, password=chosen))
    link = _link(settings, token)
    if as_json:
        print_json({"email": email, "sign_in_link": link})
        return
    tell(f"the password of {email} is {'set' if chosen else 'chosen anew through the link'}; all sessions have ended")
    if link:
        click.echo(link)


@user.command
@click.argument("email")
@click.argument("role", metavar="ROLE", type=one_of(Role))
@JSON
@CONFIG
def role(email: str, role: str, config: Path | None, *, as_json: bool) -> None:
    """Give an operator another role: viewer, reporter, operator, administrator; it counts from the next request."""
    on_host(read_settings(config), lambda host: host.operators.set_role(email, Role(role), host.actor))
    if as_json:
        print_json({"email": email, "role": role})
    else:
        tell(f"{email} is {role} now")


@user.command
@click.argument("email")
@JSON
@CONFIG
def disable(email: str, config: Path | None, *, as_json: bool) -> None:
    """Disable an operator; sessions and links end at once."""
    on_host(read_settings(config), lambda host: host.operators.disable(email, host.actor))
    if as_json:
        print_json({"email": email, "disabled": True})
    else:
        tell(f"{email} is disabled")


@user.command
@click.argument("email")
@JSON
@CONFIG
def enable(email: str, config: Path | None, *, as_json: bool) -> None:
    """Let a disabled operator sign in again, with the role and the password of before."""
    on_host(read_settings(config), lambda host: host.operators.enable(email, host.actor))
    if as_json:
        print_json({"email": email, "disabled": False})
    else:
        tell(f"{email} may sign in again")


@user.command(name="sign-out")
@click.argument("email")
@JSON
@CONFIG
def sign_out(email: str, config: Path | None, *, as_json: bool) -> None:
    """End all sessions of an operator, who may sign in again."""
    ended = on_host(read_settings(config), lambda host: host.sessions.revoke_all(email, host.actor))
    if as_json:
        print_json({"email": email, "ended": ended})
    else:
        tell(f"{email} is signed out everywhere (sessions ended: {ended})")


@user.command(name="reset-second-factor")
@click.argument("email")
@JSON
@CONFIG
def reset_second_factor(email: str, config: Path | None, *, as_json: bool) -> None:
    """Remove the second factor of an operator who has lost it; the password stays."""
    on_host(read_settings(config), lambda host: host.second_factors.reset(email, host.actor))
    if as_json:
        print_json({"email": email, "has_second_factor": False})
    else:
        tell(f"{email} has no second factor any more")


@user.command(name="list")
@JSON
@CONFIG
def list_(config: Path | None, *, as_json: bool) -> None:
    """List all operators."""
    found = on_host(read_settings(config), lambda host: host.operators.list())
    if as_json:
        print_json(
            [
                {
                    "email": operator.email,
                    "role": operator.role,
                    "disabled": operator.disabled,
                    "has_password": operator.password_hash is not None,
                    "has_second_factor": operator.has_second_factor,
                    "last_seen_at": instant(operator.last_seen_at),
                }
                for operator in found
            ]
        )
        return
    rows = [
        (
            operator.email,
            operator.role,
            "disabled" if operator.disabled else "active" if operator.password_hash else "has no password yet",
            short_instant(operator.last_seen_at),
        )
        for operator in found
    ]
    print_table(("E-MAIL", "ROLE", "STATE", "LAST SEEN"), rows)


def _password() -> str:
    """Read the first line of standard input, whatever characters it has, without its end."""
    try:
        line = sys.stdin.readline().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        raise WrongUsageError("the password on standard input is not UTF-8") from error
    if not line:
        raise WrongUsageError("no password on standard input: --password-stdin reads one line")
    return line


def _link(settings: Settings, token: str | None) -> str | None:
    """Return the link that signs in; its host is a guess where the gateway listens everywhere."""
    return f"{base_url(settings)}/admin/sign-in/{token}" if token else None


def base_url(settings: Settings) -> str:
    """Return where the gateway's own pages are, seen from this host; the path alone where it listens on no port."""
    prefix = settings.maintenance.prefix
    for address in settings.admin.listen or settings.server.listen:
        if not address.startswith("unix:"):
            host, _, port = address.rpartition(":")
            scheme = "https" if settings.server.tls_certificate else "http"
            return f"{scheme}://{_EVERYWHERE.get(host, host)}:{port}{prefix}"
    return prefix
