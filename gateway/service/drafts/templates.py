"""Templates, as they are asked for, and windows and updates that are made from them."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gateway.domain.template import MOST_VARIABLES, TemplateKind, check_text
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus
from gateway.service.drafts.fields import Draft, LeadTime, Length, Name, Slug, Text, Title
from gateway.service.drafts.windows import (
    MOST_OF_EACH,
    Body,
    EffectDraft,
    ScopeDraft,
    WindowDraft,
    refuse_doubles,
)


def _with_variables(value: str) -> str:
    check_text(value)
    return value


class WindowFields(Draft):
    """What a template says of a window: its title, and whatever else is the same each time."""

    title: Annotated[Title, AfterValidator(_with_variables)]
    description: Annotated[Text, AfterValidator(_with_variables)] | None = None
    kind: Kind | None = None
    estimated_duration: Length | None = None
    ends: Ends | None = None
    gate: Gate | None = None
    scope: ScopeDraft | None = None
    components: tuple[EffectDraft, ...] | None = Field(None, max_length=MOST_OF_EACH)
    reminders: tuple[LeadTime, ...] | None = Field(None, max_length=MOST_OF_EACH)
    reopen_over: LeadTime | None = None

    @model_validator(mode="after")
    def _each_component_once(self) -> Self:
        refuse_doubles(self.components or ())
        return self


class UpdateFields(Draft):
    """What a template says in an update."""

    status: UpdateStatus
    body: Annotated[Body, AfterValidator(_with_variables)]


class TemplateDraft(Draft):
    """A template to be added: for windows or for updates."""

    slug: Slug
    name: Name
    window: WindowFields | None = None
    update: UpdateFields | None = None

    @model_validator(mode="after")
    def _is_for_one(self) -> Self:
        if (self.window is None) is (self.update is None):
            raise ValueError('give either "window" or "update": what the template is for')
        return self

    @property
    def kind(self) -> TemplateKind:
        """What it makes."""
        return TemplateKind.UPDATE if self.window is None else TemplateKind.WINDOW


class TemplateChange(Draft):
    """What is to be changed of a template; `window` and `update` replace all of its fields."""

    slug: Slug | None = None
    name: Name | None = None
    window: WindowFields | None = None
    update: UpdateFields | None = None


Variables = Annotated[
    dict[str, Annotated[str, StringConstraints(strip_whitespace=True)]], Field(max_length=MOST_VARIABLES)
]


class RenderDraft(Draft):
    """Values to try a template with; `window_id` is the window that an update would be posted on."""

    variables: Variables = Field(default_factory=dict)
    window_id: UUID | None = None


class WindowRequest(WindowDraft):
    """A window to be made, perhaps from a template: what is given here goes before what the template says."""

    title: Title = ""
    """Needed where there is no template."""
    template: Slug | None = None
    variables: Variables = Field(default_factory=dict)


class UpdateRequest(Draft):
    """A post on a window's timeline, perhaps from a template: what is given here goes before what the template says."""

    status: UpdateStatus | None = None
    body: Body | None = None
    template: Slug | None = None
    variables: Variables = Field(default_factory=dict)
