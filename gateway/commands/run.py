"""`gateway serve` and `gateway demo`: the click commands; what they do stands in `serve.py` and `demo.py`."""

from collections.abc import Callable
from pathlib import Path

import click

from gateway.commands.failures import WrongSettingsError
from gateway.commands.options import CONFIG, read_settings, settings_again
from gateway.domain.errors import InvalidError


@click.command
@CONFIG
def serve(config: Path | None) -> int:
    """Run the gateway.

    It says `listening on ...` once it does. SIGTERM or Ctrl-C ends it after the open requests; SIGHUP has it read the
    settings again.
    """
    settings = read_settings(config)
    from gateway.commands.serve import run_serve  # noqa: PLC0415  wrong settings are told before all else is loaded

    return _with_good_settings(lambda: run_serve(settings, settings_again()))


@click.command
def demo() -> int:
    """Run a gateway with a sample application, on throw-away data.

    Everything is on 127.0.0.1; Ctrl-C stops all of it and leaves nothing running.
    """
    from gateway.commands.demo import run_demo  # noqa: PLC0415

    return _with_good_settings(run_demo)


def _with_good_settings(run: Callable[[], int]) -> int:
    """Run a gateway; what it finds not valid, at the start, are settings: a database's address, a certificate."""
    try:
        return run()
    except InvalidError as error:
        raise WrongSettingsError(error.fields) from error
