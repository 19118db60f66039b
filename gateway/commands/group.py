"""`gateway group`: groups of components, over the API."""

import click

from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON
from gateway.commands.output import print_json, print_table
from gateway.commands.remote import Api, Document, api_options, connected
from gateway.domain.errors import NotFoundError

_NAME = click.argument("name")
_COLLAPSED = click.option(
    "--collapsed/--open", default=None, help="On the page, fold it away while all of it is operational."
)


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
@_COLLAPSED
@JSON
@api_options
def add(
    name: str, description: str | None, url: str, token: str | None, *, collapsed: bool | None, as_json: bool
) -> None:
    """Add the group NAME behind the others."""
    sent = {"name": name} | _given(description=description, collapsed=collapsed)
    made = connected(url, token, "write").post("groups", sent)
    _tell(made, f'added the group "{made["name"]}"', as_json=as_json)


@group.command
@_NAME
@click.option("--name", "new_name", help="The heading that customers read from now on.")
@click.option("--description", help="One line about it.")
@_COLLAPSED
@JSON
@api_options
def edit(
    name: str,
    new_name: str | None,
    description: str | None,
    url: str,
    token: str | None,
    *,
    collapsed: bool | None,
    as_json: bool,
) -> None:
    """Change the group NAME: what is given, and nothing else."""
    sent = _given(name=new_name, description=description, collapsed=collapsed)
    if not sent:
        raise WrongUsageError("nothing to change: give --name, --description, --collapsed or --open")
    api = connected(url, token, "write")
    changed = api.patch(f"groups/{_id(api, name)}", sent)
    _tell(changed, f'the group "{changed["name"]}" is changed', as_json=as_json)


@group.command
@_NAME
@JSON
@api_options
def remove(name: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Remove the group NAME; its components stay, without a group."""
    api = connected(url, token, "write")
    removed = api.delete(f"groups/{_id(api, name)}")
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
    other = before or after
    if other is None or (before and after):
        raise WrongUsageError("say where to: --before NAME or --after NAME, one of them")
    api = connected(url, token, "write")
    where = "before" if before else "after"
    changed = api.post(f"groups/{_id(api, name)}/move", {where: _id(api, other)})
    _tell(changed, f'the group "{changed["name"]}" is right {where} "{other}"', as_json=as_json)


def _id(api: Api, name: str) -> str:
    """Return the id of the group with this name.

    Raises:
        NotFoundError: there is none.
    """
    for each in api.get("groups")["groups"]:
        if each["name"] == name:
            return str(each["id"])
    raise NotFoundError(f'there is no group "{name}"; `gateway group list` shows them')


def _given(**fields: str | bool | None) -> Document:
    return {name: value for name, value in fields.items() if value is not None}


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(what)
