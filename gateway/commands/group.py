"""`gateway group`: groups of components, over the API."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON
from gateway.commands.output import print_json, print_table
from gateway.commands.remote import Api, Document, api_options, connected
from gateway.domain.errors import NotFoundError

_NAME = click.argument("name")
F = TypeVar("F", bound=Callable[..., Any])


def _shown(command: F) -> F:
    """Add `--collapsed` and `--open`; `_is_collapsed` tells what they say."""
    for option in (
        click.option("--open", "is_open", is_flag=True, help="On the page, always show its components."),
        click.option("--collapsed", is_flag=True, help="On the page, fold it away while all of it is operational."),
    ):
        command = option(command)
    return command


def _is_collapsed(*, collapsed: bool, is_open: bool) -> bool | None:
    return options.either(yes=collapsed, no=is_open, names="--collapsed and --open")


@click.group
def group() -> None:
    """Keep the groups that components stand in, over the API."""


@group.command(name="list")
@JSON
@api_options
def list_(url: str, token: str | None, *, as_json: bool) -> None:
    """List groups in their order, each with the worst status of its components that customers see."""
    found = connected(url, token, "read").get("groups")["groups"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["name"],
            each["status"],
            "collapsed" if each["collapsed"] else "open",
            ", ".join(each["components"]),
            each["description"],
        )
        for each in found
    ]
    print_table(("NAME", "STATUS", "SHOWN", "COMPONENTS", "DESCRIPTION"), rows)


@group.command
@_NAME
@click.option("--description", help="One line about it.")
@_shown
@JSON
@api_options
def add(name: str, description: str | None, url: str, token: str | None, *, as_json: bool, **shown: bool) -> None:
    """Add the group NAME behind the others."""
    sent = {"name": name} | _given(description=description, collapsed=_is_collapsed(**shown))
    made = connected(url, token, "write").post("groups", sent)
    _tell(made, f'added the group "{made["name"]}"', as_json=as_json)


@group.command
@_NAME
@click.option("--name", "new_name", help="The heading that customers read from now on.")
@click.option("--description", help="One line about it.")
@_shown
@JSON
@api_options
def edit(
    name: str,
    new_name: str | None,
    description: str | None,
    url: str,
    token: str | None,
    *,
    as_json: bool,
    **shown: bool,
) -> None:
    """Change the group NAME: what is given, and nothing else."""
    sent = _given(name=new_name, description=description, collapsed=_is_collapsed(**shown))
    if not sent:
        raise WrongUsageError("nothing to change: give --name, --description, --collapsed or --open")
    api = connected(url, token, "write")
    changed = api.patch(f"groups/{_ids(api, [name])[0]}", sent)
    _tell(changed, f'the group "{changed["name"]}" is changed', as_json=as_json)


@group.command
@_NAME
@JSON
@api_options
def remove(name: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Remove the group NAME; its components stay, without a group."""
    api = connected(url, token, "write")
    removed = api.delete(f"groups/{_ids(api, [name])[0]}")
    left = ", ".join(removed["components"])
    said = f"without a group now: {left}" if left else "no component was in it"
    _tell(removed, f'the group "{removed["name"]}" is removed; {said}', as_json=as_json)


@group.command
@_NAME
@click.option("--before", metavar="NAME", help="Right before this one.")
@click.option("--after", metavar="NAME", help="Right after this one.")
@JSON
@api_options
def move(name: str, before: str | None, after: str | None, url: str, token: str | None, *, as_json: bool) -> None:
    """Move the group NAME."""
    places = _given(before=before, after=after)
    if len(places) != 1:
        raise WrongUsageError("say where to: --before NAME or --after NAME, one of them")
    api = connected(url, token, "write")
    [(where, other)] = places.items()
    ids = _ids(api, [name, other])
    changed = api.post(f"groups/{ids[0]}/move", {where: ids[1]})
    _tell(changed, f'the group "{changed["name"]}" is right {where} "{other}"', as_json=as_json)


@group.command
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@JSON
@api_options
def order(names: tuple[str, ...], url: str, token: str | None, *, as_json: bool) -> None:
    """Put the groups that are named in this order, at the places that they have among the others."""
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        raise WrongUsageError(f'"{twice}" is named twice: name each group once')
    api = connected(url, token, "write")
    ordered = api.post("group-order", {"ids": _ids(api, names)})
    _tell(ordered, f"the order is {', '.join(each['name'] for each in ordered['groups'])}", as_json=as_json)


def _ids(api: Api, names: Sequence[str]) -> list[str]:
    """Return the ids of the groups with these names.

    Raises:
        NotFoundError: there is none of that name.
    """
    known = {each["name"]: str(each["id"]) for each in api.get("groups")["groups"]}
    missing = next((name for name in names if name not in known), None)
    if missing is not None:
        raise NotFoundError(f'there is no group "{missing}"; `gateway group list` shows them')
    return [known[name] for name in names]


def _given(**fields: str | bool | None) -> Document:
    return {name: value for name, value in fields.items() if value is not None}


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(what)
