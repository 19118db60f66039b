"""What requests bring: a JSON object in the body, parameters in the query; each checked, every wrong field named."""

from typing import Annotated, Any, TypeVar, get_origin

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, PositiveInt, ValidationError, field_validator
from pydantic_core import from_json

from gateway.domain.errors import InvalidError
from gateway.service.drafts.fields import Draft, checked
from gateway.service.drafts.messages import field_errors

M = TypeVar("M", bound=BaseModel)


def _whole(value: object) -> object:
    """Read 7.0 as the integer that it is in JSON (RFC 8259, section 6, leaves the difference to readers)."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Versioned(BaseModel):
    """A change; with `row_version` only if the row is still at that version."""

    row_version: Annotated[PositiveInt, BeforeValidator(_whole)] | None = None


class Nothing(Draft):
    """No field at all: the path says everything."""


def _one_of_both(schema: dict[str, Any]) -> None:
    """Describe that exactly one of the fields is there, and is not null."""
    for name, rule in schema["properties"].items():
        schema["properties"][name] = next(option for option in rule["anyOf"] if option != {"type": "null"})
    schema["oneOf"] = [{"required": [name]} for name in schema["properties"]]


class Move(Draft):
    """Where something goes: the subclass has `before` and `after`, of which exactly one is given."""

    model_config = ConfigDict(json_schema_extra=_one_of_both)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("must not be null: leave it out")
        return value


async def body_of(request: web.Request, model: type[M] | None) -> M | None:
    """Read the body as a JSON object and check it, strictly; without a body all fields are left out.

    Raises:
        HTTPUnsupportedMediaType: there is a body and it does not say that it is JSON.
        HTTPBadRequest: it is no JSON object.
        HTTPRequestEntityTooLarge: it is longer than the application's limit.
        InvalidError: `fields` names every wrong field.
    """
    if model is None:
        return None
    raw = await request.read() or b"{}"
    if request.body_exists and request.content_type != "application/json" and raw != b"{}":
        raise web.HTTPUnsupportedMediaType(text='Send JSON, and say so: "Content-Type: application/json".')
    try:
        data = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"The body is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise web.HTTPBadRequest(text='The body is not a JSON object such as {"title": "Database upgrade"}.')
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        raise InvalidError(field_errors(error)) from error


def query_of(request: web.Request, model: type[M] | None) -> M | None:
    """Check the query; a parameter that may be given several times is a set in the model.

    Raises:
        InvalidError: a parameter is unknown, given twice, or wrong.
    """
    given = request.query
    if model is None:
        if given:
            raise InvalidError(dict.fromkeys(given, "there is no such parameter: correct its name, or leave it out"))
        return None
    twice = [name for name in given if len(given.getall(name)) > 1 and not _is_set(model, name)]
    if twice:
        raise InvalidError(dict.fromkeys(twice, "is given twice: give it once"))
    data: dict[str, Any] = {name: given.getall(name) if _is_set(model, name) else given[name] for name in given}
    return checked(model, data)


def _is_set(model: type[BaseModel], name: str) -> bool:
    field = model.model_fields.get(name)
    if field is None:
        return False
    options = [field.annotation, *getattr(field.annotation, "__args__", ())]
    return any(get_origin(option) is frozenset for option in options)
