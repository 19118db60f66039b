"""`gateway serve`: run until told to stop."""

from collections.abc import Callable

from gateway.config.settings import Settings
from gateway.observe.log import configure_logging
from gateway.processes.master import Master


def run_serve(settings: Settings, load: Callable[[], Settings]) -> int:
    """Serve until SIGTERM or SIGINT, then finish what is open; return the exit code.

    On SIGHUP, `load` reads the settings again.

    Raises:
        GatewayError: it could not start.
    """
    configure_logging(settings.log.format)
    return Master(settings, load).run()
