"""`gateway replica`: the gateway processes that every fence counts, over the API."""

from uuid import UUID

import click

from gateway.commands.failures import tell
from gateway.commands.options import JSON, Id
from gateway.commands.output import print_json, print_table, short_instant
from gateway.commands.remote import api_options, connected


@click.group
def replica() -> None:
    """Show and forget gateway processes, over the API.

    Every fence counts them: one that is gone, and has not said so, keeps all fences from holding.
    """


@replica.command(name="list")
@JSON
@api_options
def list_(url: str, token: str | None, *, as_json: bool) -> None:
    """List the known gateway processes, by name."""
    found = connected(url, token, "read").get("replicas")["replicas"]
    if as_json:
        print_json(found)
        return
    rows = [
        (
            each["id"],
            "silent" if each["silent"] else "alive",
            short_instant(each["started_at"]),
            short_instant(each["heartbeat_at"]),
            each["name"],
        )
        for each in found
    ]
    print_table(("ID", "STATE", "STARTED", "HEARD OF", "NAME"), rows)


@replica.command
@click.argument("replica_id", metavar="ID", type=Id("replica"))
@JSON
@api_options
def forget(replica_id: UUID, url: str, token: str | None, *, as_json: bool) -> None:
    """Give your word that a silent gateway process is gone: no fence waits for it any more."""
    forgotten = connected(url, token, "write").delete(f"replicas/{replica_id}")
    if as_json:
        print_json(forgotten)
    else:
        tell(f"the replica {replica_id} is forgotten; if it lives, it comes back by itself")
