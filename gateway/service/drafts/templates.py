"""Templates, as they are asked for, and windows and updates that are made from them."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from gateway.domain.template import MOST_VARIABLES, TemplateKind, check_text
from gateway.domain.window import Ends, Gate, Kind, UpdateStatus
from gateway.service.drafts.fields import Body, Draft, LeadTime, Length, Name, Slug, Text, Title
from gateway.service.drafts.translations import Bodies, Language, TextDraft
from gateway.service.drafts.windows import (
    MOST_OF_EACH,
    Effects,
    ScopeDraft,
    WindowDraft,
)


def _with_variables(value: str) -> str:
    check_text(value)
    return value


class TemplateText(TextDraft):
    """What a template says of a window in another language."""

    title: Annotated[Title, AfterValidator(_with_variables)]
    description: Annotated[Text, AfterValidator(_with_variables)] = ""


class WindowFields(Draft):
    """What a template says of a window: its title, and whatever else is the same each time."""

    title: Annotated[Title, AfterValidator(_with_variables)]
    description: Annotated[Text, AfterValidator(_with_variables)] | None = None
    translations: dict[Language, TemplateText] | None = None
    kind: Kind | None = None
    estimated_duration: Length | None = None
    ends: Ends | None = None
    gate: Gate | None = None
    scope: ScopeDraft | None = None
    components: Effects | None = None
    reminders: tuple[LeadTime, ...] | None = Field(None, max_length=MOST_OF_EACH)
    reopen_over: LeadTime | None = None


class UpdateFields(Draft):
    """What a template says in an update."""

    status: UpdateStatus
    body: Annotated[Body, AfterValidator(_with_variables)]
    translations: dict[Language, Annotated[Body, AfterValidator(_with_variables)]] | None = None


def _never_null(schema: dict[str, Any]) -> None:
    """Describe what is given or left out."""
    schema |= schema.pop("anyOf")[0]
    del schema["default"]


class TemplateDraft(Draft):
    """A template to be added: for windows or for updates."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["window"]}, {"required": ["update"]}]})

    slug: Slug
    name: Name
    window: WindowFields | None = Field(None, json_schema_extra=_never_null)
    update: UpdateFields | None = Field(None, json_schema_extra=_never_null)

    @model_validator(mode="after")
    def _is_for_one(self) -> Self:
        given = self.model_fields_set & {"window", "update"}
        if len(given) != 1 or (self.window or self.update) is None:
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


# What may be left out where a template says it. What stands in its place is not read: see `model_fields_set`.
_LEFT_OUT: Any = Field(default_factory=str)


def _or_from_template(*needed: str) -> ConfigDict:
    """Describe that these are needed where no template is named, and variables only where one is."""
    options: list[JsonValue] = [{"required": [*needed]}, {"required": ["template"]}]
    return ConfigDict(json_schema_extra={"anyOf": options, "dependentRequired": {"variables": ["template"]}})


class WindowRequest(WindowDraft):
    """A window to be made, perhaps from a template: what is given here goes before what the template says.

    Of `scope`, each of its lists that is given does, and of `translations` each language; the others are the
    template's. Of a text that is given here the template has no translation.
    """

    model_config = _or_from_template("title")

    title: Title = _LEFT_OUT
    template: Slug = _LEFT_OUT
    variables: Variables = Field(default_factory=dict)


class UpdateRequest(Draft):
    """A post on a window's timeline, perhaps from a template: what is given here goes before what the template says."""

    model_config = _or_from_template("status", "body")

    status: UpdateStatus = _LEFT_OUT
    body: Body = _LEFT_OUT
    translations: Bodies = Field(default_factory=dict)
    template: Slug = _LEFT_OUT
    variables: Variables = Field(default_factory=dict)
