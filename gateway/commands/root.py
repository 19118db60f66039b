"""The root of the command line: global options, and the commands, each imported only when it is asked for."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from gateway import __version__
from gateway.commands.options import CONFIG, configured

# Name, where it is, and what it does: `gateway --help` imports none of them.
_COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("gateway.commands.run:serve", "Run the gateway."),
    "demo": ("gateway.commands.run:demo", "Run a gateway with a sample application, on throw-away data."),
    "check": ("gateway.commands.check:check", "Check the settings, the database and the application."),
    "migrate": ("gateway.commands.migrate:migrate", "Bring the database's schema up to date."),
    "user": ("gateway.commands.user:user", "Add and change operators of the panel."),
    "token": ("gateway.commands.token:token", "Make and revoke tokens for the API."),
    "window": ("gateway.commands.window:window", "Start, schedule, extend and end windows, over the API."),
    "series": ("gateway.commands.series:series", "Show, change and end windows that recur, over the API."),
    "history": (
        "gateway.commands.history:history",
        "Show and export what windows of the past were like, over the API.",
    ),
    "fence": ("gateway.commands.fence:fence", "Tell whether it is safe to begin, over the API."),
    "replica": (
        "gateway.commands.replica:replica",
        "Show and forget gateway processes, over the API.",
    ),
    "component": (
        "gateway.commands.component:component",
        "Keep components, their order and their status, over the API.",
    ),
    "group": ("gateway.commands.group:group", "Keep the groups that components stand in, over the API."),
    "template": ("gateway.commands.template:template", "Keep texts for windows and updates, over the API."),
    "bypass": ("gateway.commands.bypass:bypass", "Make and revoke links that pass the gate, over the API."),
    "audit": ("gateway.commands.audit:audit", "Tell who did what, over the API."),
    "completion": (
        "gateway.commands.completion:completion",
        "Print what makes a shell complete commands, options and values.",
    ),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name, and imports one when it is used."""

    def __init__(self, *args: object, commands_at: Mapping[str, tuple[str, str]], **kwargs: object) -> None:
        """`commands_at` maps a name to `module:attribute` and a line of help."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Return the names in their order."""
        return [*self._commands_at]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import a command."""
        if cmd_name not in self._commands_at:
            return None
        module, _, attribute = self._commands_at[cmd_name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name from the table alone: whoever presses a key waits for the answer."""
        named = [
            CompletionItem(name, help=text)
            for name, (_, text) in self._commands_at.items()
            if name.startswith(incomplete)
        ]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._commands_at.items()])


@click.group(
    cls=LazyGroup,
    commands_at=_COMMANDS,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "color": False if os.environ.get("NO_COLOR") else None,  # no-color.org; None: on a terminal alone
    },
)
@CONFIG
@click.version_option(__version__, prog_name="gateway", message="%(prog)s %(version)s")
def gateway(config: Path | None) -> None:
    """Put a maintenance gateway in front of an application, and say what customers see.

    Commands on the host read the settings (gateway.toml). All others (`window`, `series`, `component`, `template`, ...)
    work from anywhere, over the API: they need GATEWAY_URL and GATEWAY_TOKEN.
    """
    configured(config)
