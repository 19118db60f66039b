"""Templates, as rows."""

import json
from collections.abc import Mapping
from typing import Any

from gateway.domain.errors import NotFoundError
from gateway.domain.template import Template, TemplateKind
from gateway.store.pool import Session


def _from_row(row: Any) -> Template:
    return Template(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        kind=TemplateKind(row["kind"]),
        fields=json.loads(row["fields"]),
        row_version=row["row_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


async def list_templates(session: Session, *, kind: TemplateKind | None, after: str, most: int) -> list[Template]:
    """Return templates of a kind (None: of any) by their short names, those behind `after` alone."""
    return [_from_row(row) for row in await session.rows("templates", kind=kind, after=after, most=most)]


async def get_template(session: Session, slug: str, *, for_update: bool = False) -> Template:
    """Return one template; `for_update` lets nobody else write it before the transaction's end.

    Raises:
        NotFoundError: there is none with this short name.
    """
    row = await session.run("template_for_update" if for_update else "template", slug=slug)
    if row is None:
        raise NotFoundError(f'there is no template "{slug}"; `gateway template list` shows them')
    return _from_row(row)


async def insert_template(
    session: Session, *, slug: str, name: str, kind: TemplateKind, fields: Mapping[str, Any]
) -> Template:
    """Add a template.

    Raises:
        ConflictError: the short name is taken.
    """
    row = await session.run("insert_template", slug=slug, name=name, kind=kind, fields=json.dumps(fields))
    return _from_row(row)


async def update_template(
    session: Session, template: Template, *, slug: str, name: str, fields: Mapping[str, Any]
) -> Template:
    """Write a changed template, which was read for update.

    Raises:
        ConflictError: the short name is taken by another.
    """
    row = await session.run("update_template", id=template.id, slug=slug, name=name, fields=json.dumps(fields))
    return _from_row(row)


async def delete_template(session: Session, template: Template) -> None:
    """Delete a template for good."""
    await session.run("delete_template", id=template.id)


def document(template: Template) -> dict[str, Any]:
    """Return the template as JSON values, for the audit."""
    return {
        "slug": template.slug,
        "name": template.name,
        "kind": template.kind,
        "fields": dict(template.fields),
        "row_version": template.row_version,
    }
