"""`gateway template`: texts for windows and updates, over the API."""

from typing import Any

import click

from gateway.commands import options
from gateway.commands.failures import WrongUsageError, tell
from gateway.commands.options import JSON, one_of
from gateway.commands.output import print_facts, print_json, print_table, short_instant
from gateway.commands.remote import Document, api_options, connected
from gateway.commands.translation_fields import BODY_IN, changed_bodies
from gateway.commands.window_change import OF_TEMPLATE, changed_fields, clear_option, refuse_given_and_cleared
from gateway.commands.window_facts import window_facts
from gateway.commands.window_fields import given_fields, some_window_fields
from gateway.domain.errors import ConflictError
from gateway.domain.template import TemplateKind
from gateway.domain.window import UpdateStatus

_SLUG = click.argument("template", metavar="SLUG", callback=options.slug)
_UPDATE_STATUS = click.option("--status", type=one_of(UpdateStatus), help="Of a template for updates: how far it is.")
_UPDATE_BODY = click.option("--body", metavar="TEXT", help="Of a template for updates: what is posted, in Markdown.")
_FOR_ONE = "--status, --body and --body-in are of a template for updates, the other options of one for windows"
# How wide the text of a template may be in the list.
_SHOWN = 60


@click.group
def template() -> None:
    """Keep texts for windows and updates, over the API.

    {{name}} in a title, a description or a text is a variable: `--var name=value` of `gateway window` fills it in.
    """


@template.command(name="list")
@click.option("--kind", type=one_of(TemplateKind), help="Only templates for windows, or for updates.")
@JSON
@api_options
def list_(kind: str | None, url: str, token: str | None, *, as_json: bool) -> None:
    """List templates, and the variables that each takes."""
    asked = {"limit": 1000} | ({} if kind is None else {"kind": kind})
    found = connected(url, token, "read").get("templates", **asked)["templates"]
    if as_json:
        print_json(found)
        return
    rows = [(each["slug"], each["kind"], ", ".join(each["variables"]), each["name"], _says(each)) for each in found]
    print_table(("SLUG", "FOR", "VARIABLES", "NAME", "SAYS"), rows)


@template.command
@_SLUG
@JSON
@api_options
def show(template: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Show one template with all that it says."""
    found = connected(url, token, "read").get(f"templates/{template}")
    if as_json:
        print_json(found)
        return
    facts = [
        ("slug", found["slug"]),
        ("name", found["name"]),
        ("for", f"{found['kind']}s"),
        ("variables", ", ".join(found["variables"])),
        ("changed", short_instant(found["updated_at"])),
    ]
    if found["window"]:
        facts += [("title", found["window"].get("title") or ""), *window_facts(found["window"])]
    if found["update"]:
        facts += [(name, found["update"].get(name) or "") for name in ("status", "body")]
        facts += [(f"in {tag}", body) for tag, body in (found["update"].get("translations") or {}).items()]
    print_facts([(name, value) for name, value in facts if value])


@template.command
@_SLUG
@click.option("--name", required=True, help="What people read who choose one.")
@some_window_fields
@_UPDATE_STATUS
@_UPDATE_BODY
@BODY_IN
@JSON
@api_options
def add(template: str, name: str, url: str, token: str | None, *, as_json: bool, **fields: Any) -> None:
    """Add a template under the short name SLUG: for windows with --title, for updates with --status and --body."""
    says = _fields(fields)
    if not says:
        raise WrongUsageError("what it says is missing: --title for windows, or --status and --body for updates")
    made = connected(url, token, "write").post("templates", {"slug": template, "name": name, **says})
    _tell(made, f"added the template for {made['kind']}s", as_json=as_json)


@template.command
@_SLUG
@click.option("--name", help="What people read who choose one.")
@some_window_fields
@_UPDATE_STATUS
@_UPDATE_BODY
@BODY_IN
@clear_option(OF_TEMPLATE, "Have it say nothing of this any more; repeatable.")
@JSON
@api_options
def edit(
    template: str,
    name: str | None,
    cleared: tuple[str, ...],
    url: str,
    token: str | None,
    *,
    as_json: bool,
    **fields: Any,
) -> None:
    """Change what is given of a template; what is not given stays.

    What is repeatable takes the place of all that was there: --path /a --path /b.
    """
    says = _fields(fields)
    if cleared and "update" in says:
        raise WrongUsageError(_FOR_ONE)
    kind = "window" if cleared else next(iter(says), None)
    if name is None and kind is None:
        raise WrongUsageError("nothing to change: give --name, or fields such as --title or --body")
    refuse_given_and_cleared(says.get("window", {}), cleared)
    api = connected(url, token, "write")
    saved = api.get(f"templates/{template}")
    if kind not in (None, saved["kind"]):
        raise ConflictError(f'"{template}" is a template for {saved["kind"]}s, and stays one: {_FOR_ONE}')
    change: Document = {"row_version": saved["row_version"]} | ({} if name is None else {"name": name})
    if kind == "window":
        change |= {kind: saved[kind] | changed_fields(says.get(kind, {}), cleared, saved[kind])}
    elif kind == "update":
        change |= {kind: saved[kind] | says[kind]}
        if "translations" in says[kind]:
            bodies = changed_bodies(says[kind]["translations"], saved[kind].get("translations") or {})
            change[kind]["translations"] = bodies
    _tell(api.patch(f"templates/{template}", change), "changed the template", as_json=as_json)


@template.command
@_SLUG
@JSON
@api_options
def remove(template: str, url: str, token: str | None, *, as_json: bool) -> None:
    """Remove a template for good; what was made from it stays."""
    _tell(connected(url, token, "write").delete(f"templates/{template}"), "removed the template", as_json=as_json)


def _fields(given: dict[str, Any]) -> Document:
    """Return what a template is to say, under what it is for; nothing where nothing is given."""
    update = {name: given.pop(name) for name in ("status", "body", "translations")}
    update = {name: value for name, value in update.items() if value not in (None, {})}
    window = given_fields(**given)
    if update and window:
        raise WrongUsageError(_FOR_ONE)
    return {"update": update} if update else {"window": window} if window else {}


def _says(found: Document) -> str:
    text = str((found["window"] or {}).get("title") or (found["update"] or {}).get("body") or "")
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."


def _tell(changed: Document, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(changed)
    else:
        tell(f'{what} "{changed["name"]}" ({changed["slug"]})')
