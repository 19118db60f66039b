"""`/templates` of the API."""

from typing import Any

from pydantic import Field, TypeAdapter

from gateway.domain.template import Template, TemplateKind
from gateway.render.markdown import markdown_html
from gateway.service.drafts.templates import RenderDraft, TemplateChange, TemplateDraft
from gateway.web.api.bodies import Versioned
from gateway.web.api.documents import Document, Instant, Page
from gateway.web.api.operation import Answer, Call, Operation
from gateway.web.api.paging import PageQuery, paged, place_of

_PLACE = TypeAdapter(str)


class TemplateQuery(PageQuery):
    """Which templates are listed: `?kind=update&limit=20`."""

    kind: TemplateKind | None = Field(None, description="Of this kind.")


class TemplatePatch(TemplateChange, Versioned):
    """A change of a template; with `row_version` only if it is still at that version."""

    def change(self) -> TemplateChange:
        """Return the change alone."""
        return TemplateChange(slug=self.slug, name=self.name, window=self.window, update=self.update)


class TemplateDocument(Document):
    """A template: `window` or `update` has what it says, as a call that makes one would."""

    slug: str
    name: str
    kind: TemplateKind
    variables: tuple[str, ...] = Field(description="What has to be given; what is built in is not.")
    window: dict[str, Any] | None
    update: dict[str, Any] | None
    row_version: int
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, template: Template) -> "TemplateDocument":
        """Return a template."""
        fields = dict(template.fields)
        return cls(
            slug=template.slug,
            name=template.name,
            kind=template.kind,
            variables=template.variables,
            window=fields if template.kind is TemplateKind.WINDOW else None,
            update=fields if template.kind is TemplateKind.UPDATE else None,
            row_version=template.row_version,
            created_at=template.created_at,
            updated_at=template.updated_at,
        )


class TemplatePage(Page):
    """Templates by their short names, page by page."""

    templates: tuple[TemplateDocument, ...]


class RenderedDocument(Document):
    """What a template makes of some values, before anything is made of it."""

    kind: TemplateKind
    title: str = Field(description="A window's title; empty for an update.")
    text: str = Field(description="A window's description, or an update's text; Markdown.")
    html: str = Field(description="The text as customers read it.")


async def list_templates(call: Call[None, TemplateQuery]) -> Answer:
    """List templates by their short names."""
    after, limit = place_of(call.query.cursor, _PLACE), call.query.limit
    found = await call.services.templates.list(kind=call.query.kind, after=after or "", limit=limit + 1)
    templates, cursor = paged(found, limit, lambda template: template.slug)
    shown = tuple(TemplateDocument.of(template) for template in templates)
    return Answer(document=TemplatePage(templates=shown, next_cursor=cursor))


async def add_template(call: Call[TemplateDraft, None]) -> Answer:
    """Add a template for windows or for updates."""
    template = await call.services.templates.add(call.body, call.actor)
    return _answer(template, location=call.path_of("api.templates.show", slug=template.slug))


async def show_template(call: Call[None, None]) -> Answer:
    """Return one template."""
    return _answer(await call.services.templates.get(call.slug()))


async def edit_template(call: Call[TemplatePatch, None]) -> Answer:
    """Change what is sent; `window` and `update` replace all that the template says."""
    change = call.body.change()
    template = await call.services.templates.edit(call.slug(), change, call.actor, row_version=call.row_version)
    return _answer(template)


async def remove_template(call: Call[None, None]) -> Answer:
    """Remove a template for good; what was made from it stays."""
    return _answer(await call.services.templates.remove(call.slug(), call.actor, row_version=call.row_version))


async def render_template(call: Call[RenderDraft, None]) -> Answer:
    """Show what a template makes of some values; nothing is made of it."""
    made = await call.services.templates.render(call.slug(), call.body)
    document = RenderedDocument(kind=made.kind, title=made.title, text=made.text, html=str(markdown_html(made.text)))
    return Answer(document=document)


def _answer(template: Template, *, location: str | None = None) -> Answer:
    return Answer(document=TemplateDocument.of(template), location=location, row_version=template.row_version)


OPERATIONS = (
    Operation(
        "GET",
        "/templates",
        list_templates,
        name="api.templates.list",
        summary="List templates",
        query=TemplateQuery,
        answer=TemplatePage,
    ),
    Operation(
        "POST",
        "/templates",
        add_template,
        name="api.templates.add",
        summary="Add a template",
        body=TemplateDraft,
        answer=TemplateDocument,
        status=201,
    ),
    Operation(
        "GET",
        "/templates/{slug}",
        show_template,
        name="api.templates.show",
        summary="Show a template",
        answer=TemplateDocument,
    ),
    Operation(
        "PATCH",
        "/templates/{slug}",
        edit_template,
        name="api.templates.edit",
        summary="Change a template",
        body=TemplatePatch,
        answer=TemplateDocument,
        show=show_template,
    ),
    Operation(
        "DELETE",
        "/templates/{slug}",
        remove_template,
        name="api.templates.remove",
        summary="Remove a template",
        answer=TemplateDocument,
        show=show_template,
    ),
    Operation(
        "POST",
        "/templates/{slug}/render",
        render_template,
        name="api.templates.render",
        summary="Show what a template makes of some values",
        body=RenderDraft,
        answer=RenderedDocument,
    ),
)
