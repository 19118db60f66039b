"""`gateway completion`: the script by which a shell completes commands, options and values; click has written it."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete


class _BashComplete(BashComplete):
    """Bash's script of click. Bash hands out an address or an instant in pieces, at `@` and `:`: we join them."""

    source_template = BashComplete.source_template.replace(
        """    response=$(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD """,
        """    local words="${COMP_WORDS[*]:0:COMP_CWORD+1}"
    words=${words//$'\\n@\\n'/@}
    words=${words//$'\\n:\\n'/:}
    local breaks=${words//[!$'\\n']/}

    response=$(env COMP_WORDS="$words" COMP_CWORD=${#breaks} """,
    )


class _FishComplete(FishComplete):
    """Fish's script of click, with explanations that may have commas."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split --max 1 ","')


_SHELLS: dict[str, type[ShellComplete]] = {"bash": _BashComplete, "zsh": ZshComplete, "fish": _FishComplete}


@click.command
@click.argument("shell", metavar="SHELL", type=click.Choice([*_SHELLS]))
def completion(shell: str) -> None:
    """Print what makes a shell complete commands, options and values.

    SHELL is one of these, and this is what you do with it:

    \b
    bash, in ~/.bashrc:
      eval "$(gateway completion bash)"
    zsh, in ~/.zshrc, below compinit:
      eval "$(gateway completion zsh)"
    fish, once, in a shell:
      gateway completion fish >~/.config/fish/completions/gateway.fish
    """  # noqa: D301  click reads the backspace: lines stay as they are
    root = click.get_current_context().find_root().command
    click.echo(_SHELLS[shell](root, {}, "gateway", "_GATEWAY_COMPLETE").source())
