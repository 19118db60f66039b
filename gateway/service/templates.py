"""Templates: the use cases, and how a window or an update is made from one.

They are no part of the state that gateways follow: a write is one transaction of row and audit entry, and every
reader asks the database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from pydantic import BaseModel

from gateway.domain.access import Actor
from gateway.domain.errors import ConflictError, InvalidError, NotFoundError, StaleError
from gateway.domain.template import TEXTS, Template, TemplateKind, asked_for, fill_all, wrong_values
from gateway.domain.window import Window
from gateway.service.drafts.fields import checked
from gateway.service.drafts.templates import (
    RenderDraft,
    TemplateChange,
    TemplateDraft,
    UpdateFields,
    UpdateRequest,
    WindowFields,
    WindowRequest,
)
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.service.state import State as GatewayState
from gateway.service.template_variables import BuiltIn
from gateway.store import audit, templates
from gateway.store.components import list_components, no_component
from gateway.store.pool import Database, Session
from gateway.store.windows import get_window

_MOST = 1000
# What a request says about the template itself, and not about what is made.
_ABOUT_TEMPLATE = frozenset({"template", "variables"})
_FIELDS: dict[TemplateKind, type[BaseModel]] = {
    TemplateKind.WINDOW: WindowFields,
    TemplateKind.UPDATE: UpdateFields,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a template makes of some values; `text` is Markdown, `title` (of a window) is not."""

    kind: TemplateKind
    title: str
    text: str


class Templates:
    """What can be done to templates, and with them."""

    def __init__(
        self, database: Database, state: GatewayState, *, product: str, language: str, time_zone: tzinfo
    ) -> None:
        """Keep templates in `database`.

        `product` is what the built-in variable of this name says; times are said in the zone, in a text's own language:
        that of originals is `language`.
        """
        self._database = database
        self._state = state
        self._product = product
        self._language = language
        self._time_zone = time_zone

    async def list(self, *, kind: TemplateKind | None = None, after: str = "", limit: int = _MOST) -> list[Template]:
        """Return templates of a kind (None: of any) by their short names, those behind `after` alone."""
        async with self._database.session() as session:
            return await templates.list_templates(session, kind=kind, after=after, most=limit)

    async def get(self, slug: str) -> Template:
        """Return one template.

        Raises:
            NotFoundError: there is none with this short name.
        """
        async with self._database.session() as session:
            return await templates.get_template(session, slug)

    async def add(self, draft: TemplateDraft, actor: Actor) -> Template:
        """Add a template.

        Raises:
            ConflictError: the short name is taken.
            InvalidError: it names a component that does not exist.
        """
        async with self._database.transaction() as session:
            fields = await _stored(session, draft.window, draft.update)
            template = await templates.insert_template(
                session, slug=draft.slug, name=draft.name, kind=draft.kind, fields=fields
            )
            await audit.record(session, actor, "template.added", template.slug, after=templates.document(template))
        return template

    async def edit(
        self, slug: str, change: TemplateChange, actor: Actor, *, row_version: int | None = None
    ) -> Template:
        """Change what the change names; with `row_version` only if the template is still at that version.

        Raises:
            NotFoundError: there is no such template.
            StaleError: it was changed since.
            ConflictError: the new short name is taken, or the change has fields of the other kind.
            InvalidError: it names a component that does not exist.
        """
        async with self._database.transaction() as session:
            before = await _unchanged(session, slug, row_version)
            wrong = TemplateKind.UPDATE if before.kind is TemplateKind.WINDOW else TemplateKind.WINDOW
            if getattr(change, wrong) is not None:
                raise ConflictError(f'"{before.slug}" is a template for {before.kind}s, and stays one')
            given = await _stored(session, change.window, change.update)
            template = await templates.update_template(
                session,
                before,
                slug=change.slug or before.slug,
                name=change.name or before.name,
                fields=given or before.fields,
            )
            documents = {"before": templates.document(before), "after": templates.document(template)}
            await audit.record(session, actor, "template.edited", template.slug, **documents)
        return template

    async def remove(self, slug: str, actor: Actor, *, row_version: int | None = None) -> Template:
        """Remove a template for good, and return what it was. What was made from it stays.

        Raises:
            NotFoundError: there is no such template.
            StaleError: it was changed since.
        """
        async with self._database.transaction() as session:
            template = await _unchanged(session, slug, row_version)
            await templates.delete_template(session, template)
            await audit.record(session, actor, "template.removed", slug, before=templates.document(template))
        return template

    async def window(self, request: WindowRequest) -> WindowDraft:
        """Return the window that a request asks for, with what its template says where it says nothing itself.

        Raises:
            InvalidError: there is no such template, a variable is missing or unknown, or a value is wrong.
        """
        own = _given(request)
        if not request.template:
            _refuse_variables(request)
            return checked(WindowDraft, own)
        template = await self._named(request.template, TemplateKind.WINDOW)
        return self._window_of(template, own, request.variables)

    async def update(self, window: Window, request: UpdateRequest) -> UpdateDraft:
        """Return the update that a request asks for on a window, as `window` does.

        Raises:
            InvalidError: there is no such template, a variable is missing or unknown, or a value is wrong.
        """
        own = _given(request)
        if not request.template:
            _refuse_variables(request)
            return checked(UpdateDraft, own)
        template = await self._named(request.template, TemplateKind.UPDATE)
        fields = _understood(template)
        known = self._built_in(window=window)
        filled = self._filled(template, _used(template, fields, own), request.variables, known)
        return checked(UpdateDraft, _together(fields, filled, own))

    async def render(self, slug: str, draft: RenderDraft) -> Rendering:
        """Show what a template makes of some values.

        Raises:
            NotFoundError: there is no such template, or no such window.
            InvalidError: a variable is missing or unknown.
        """
        async with self._database.session() as session:
            template = await templates.get_template(session, slug)
            window = None if draft.window_id is None else await get_window(session, draft.window_id)
        if template.kind is TemplateKind.WINDOW:
            made = self._window_of(template, {}, draft.variables)
            return Rendering(kind=template.kind, title=made.title, text=made.description)
        known = self._built_in(window=window)
        fields = _understood(template)
        try:
            filled = self._filled(template, _used(template, fields, {}), draft.variables, known)
        except KeyError as error:
            raise InvalidError(
                {"window_id": f"the template uses {{{{{error.args[0]}}}}}: name the window that it would be posted on"}
            ) from error
        return Rendering(kind=template.kind, title="", text=filled["body"])

    async def _named(self, slug: str, kind: TemplateKind) -> Template:
        try:
            template = await self.get(slug)
        except NotFoundError as error:
            raise InvalidError({"template": str(error)}) from error
        if template.kind is not kind:
            raise InvalidError({"template": f'"{slug}" is a template for {template.kind}s, not for {kind}s'})
        return template

    def _window_of(self, template: Template, own: dict[str, Any], variables: Mapping[str, str]) -> WindowDraft:
        fields = _understood(template)
        own = _with_the_rest_of_the_scope(own, fields)
        draft = checked(WindowDraft, fields | own)
        starts_at = draft.starts_at or self._state.now()
        known = self._built_in(planned=(starts_at, draft.estimated_duration))
        filled = self._filled(template, _used(template, fields, own), variables, known)
        return checked(WindowDraft, _together(fields, filled, own))

    def _built_in(self, *, window: Window | None = None, planned: tuple[datetime, timedelta] | None = None) -> BuiltIn:
        return BuiltIn(
            product=self._product,
            time_zone=self._time_zone,
            now=self._state.now(),
            window=window,
            planned=planned,
        )

    def _filled(
        self, template: Template, texts: Mapping[str, Any], variables: Mapping[str, str], known: BuiltIn
    ) -> dict[str, Any]:
        """Fill in those texts of a template that are used.

        Raises:
            InvalidError: a variable that they take is missing, or one is given that the template does not have.
            KeyError: one that is built in is not known here.
        """
        takes = asked_for(template.kind, texts)
        # What stands only in a text that the request replaces may be given, and need not be.
        also = {name: variables[name] for name in template.variables if name in variables and name not in takes}
        asked = {name: value for name, value in variables.items() if name not in also}
        wrong = wrong_values(template.kind, takes, asked)
        if wrong:
            raise InvalidError({f"variables.{name}": text for name, text in wrong.items()})
        originals = {name: text for name, text in texts.items() if name != "translations"}
        filled = fill_all(originals, known.values(self._language, of_original=True) | asked)
        filled["translations"] = {
            tag: fill_all({tag: text}, known.values(tag) | asked)[tag] for tag, text in texts["translations"].items()
        }
        return filled


def _given(request: BaseModel) -> dict[str, Any]:
    """Return what a request says itself; null counts as not said."""
    names = request.model_fields_set - _ABOUT_TEMPLATE
    return {name: value for name in names if (value := getattr(request, name)) is not None}


def _with_the_rest_of_the_scope(own: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fill up the scope of a request: hosts alone, given to a template of a path, are not about all of their paths."""
    if "scope" not in own or "scope" not in fields:
        return own
    given, rest = (each["scope"].model_dump(exclude_unset=True) for each in (own, fields))
    return own | {"scope": rest | given}


def _refuse_variables(request: WindowRequest | UpdateRequest) -> None:
    if request.variables:
        raise InvalidError({"variables": "belong to a template: name it as `template`"})


def _understood(template: Template) -> dict[str, Any]:
    """Return a template's fields, checked: they may have been changed by hand.

    Raises:
        InvalidError: they are not understood.
    """
    try:
        draft = checked(_FIELDS[template.kind], dict(template.fields))
    except InvalidError as error:
        raise InvalidError({"template": f'"{template.slug}" has to be corrected first: {error}'}) from error
    return {name: value for name in draft.model_fields_set if (value := getattr(draft, name)) is not None}


def _used(template: Template, fields: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return those texts of a template that are used: none that the request replaces, nor a translation of one."""
    texts = {name: fields[name] for name in TEXTS[template.kind] if name in fields and name not in own}
    translations = {} if own.keys() & {"title", "body"} else fields.get("translations", {})
    texts["translations"] = {
        tag: text if isinstance(text, str) else text.model_dump(exclude={"description"} & own.keys())
        for tag, text in translations.items()
        if tag not in own.get("translations", {})
    }
    return texts


def _together(fields: Mapping[str, Any], filled: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that is said: the request's own before the template's, and so in each language."""
    translations = filled["translations"] | own.get("translations", {})
    return {**fields, **filled, **own, "translations": translations}


async def _stored(session: Session, window: WindowFields | None, update: UpdateFields | None) -> dict[str, Any]:
    """Return a template's fields as they are stored; nothing where none are given.

    Raises:
        InvalidError: a component does not exist.
    """
    if window is not None and window.components:
        known = {component.slug for component in await list_components(session)}
        wrong = {
            f"window.components.{place}.slug": no_component(effect.slug)
            for place, effect in enumerate(window.components)
            if effect.slug not in known
        }
        if wrong:
            raise InvalidError(wrong)
    given = window or update
    return given.model_dump(mode="json", exclude_unset=True, exclude_none=True) if given else {}


async def _unchanged(session: Session, slug: str, row_version: int | None) -> Template:
    template = await templates.get_template(session, slug, for_update=True)
    if row_version is not None and template.row_version != row_version:
        raise StaleError(f'the template "{template.name}" was changed by somebody else in the meantime')
    return template
