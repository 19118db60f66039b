"""The contexts of the panel's screens about templates."""

from dataclasses import dataclass
from datetime import datetime

from gateway.domain.template import BUILT_IN, TemplateKind
from gateway.render.panel import Difference, Options, Preview, Typed


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRow:
    """A template in the list: what it says first, and which variables it asks for."""

    slug: str
    name: str
    says: str
    variables: tuple[str, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatesScreen:
    """`admin/templates.html`."""

    windows: tuple[TemplateRow, ...]
    updates: tuple[TemplateRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFormScreen:
    """`admin/template_form.html`: a new template (`slug` empty) or one that is edited."""

    kind: TemplateKind
    slug: str
    name: str
    row_version: int
    form: Typed
    components: tuple[tuple[str, str], ...]
    preview: Preview | None = None
    conflict: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def built_in(self) -> Options:
        """The variables that need not be given, and what they say."""
        return tuple(BUILT_IN[self.kind].items())


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateUseScreen:
    """`admin/template_use.html`: a window is made from a template. `facts` is what the window will be."""

    slug: str
    name: str
    title: str
    facts: tuple[tuple[str, str], ...]
    variables: tuple[str, ...]
    form: Typed
    preview: Preview | None = None
