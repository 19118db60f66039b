"""Wrong calls, made from the description of the API: for each field and parameter of each operation what it refuses.

What a schema can't tell (an end before its start, a component that is not there) stands in the test that uses this.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.web.caller import NO_WINDOW

Json = dict[str, Any]
Path = tuple[str | int, ...]

GOOD_FORMATS = {
    "uuid": NO_WINDOW,
    "date-time": "2199-01-01T00:00:00Z",
    "date": "2199-01-01",
    "duration": "PT45M",
    "rrule": "FREQ=DAILY",
    "time-zone": "UTC",
    "ipv4": "192.0.2.1",
}
WRONG_FORMATS = {
    "uuid": ["x", ""],
    "date-time": ["tomorrow", "1767225600", "2026-12-01T22:00:00", "1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"],
    "date": ["tomorrow", "2026-02-30", "20261227"],
    "duration": ["soon", "30", "-1s", "P1Y", "PT999999999999H"],
    "rrule": ["", "NEVER", "FREQ=DAILY;BYDAY=XX", "FREQ=MINUTELY"],
    "time-zone": ["", "Mars/Base", "europe/berlin"],
    "ipv4": ["", "nowhere", "300.1.1.1"],
}
GOOD_TEXTS = ("x", "/x", "a@example.com")
WRONG_TEXTS = ("", " ", "A b!", "a\0b")


@dataclass(frozen=True, kw_only=True)
class WrongCall:
    """A call with one thing wrong: `fields` are the names under which that may be told."""

    method: str
    path: str
    fields: frozenset[str]
    status: int = 422
    query: tuple[tuple[str, str], ...] = ()
    headers: Json = field(default_factory=dict)
    body: Any = None


class Description:
    """The description of the API."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def wrong_calls(self) -> Iterator[WrongCall]:
        """Yield all of them, of all operations."""
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                yield from self._of(method.upper(), path, operation)

    def _of(self, method: str, path: str, operation: Json) -> Iterator[WrongCall]:
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        good: Json = {"method": method, "path": _filled(path), "body": self.good(schema) if schema else None}
        yield WrongCall(**good, query=(("tea", "1"),), fields=frozenset({"tea"}))
        for parameter in operation["parameters"]:
            name, rule = parameter["name"], parameter["schema"]
            if parameter["in"] == "path":
                text = "0" if name == "number" else "none"
                yield WrongCall(**good | {"path": _filled(path, text)}, fields=frozenset({text}), status=404)
            elif parameter["in"] == "query":
                yield from self._of_parameter(good, name, rule)
            elif "pattern" in rule:
                yield WrongCall(**good, headers={name: "x" * 256}, fields=frozenset({name}))
        for where, value in self._wrong(schema) if schema else ():
            if where:
                told = {".".join(map(str, where))}
                told |= {"body"} if where[0] in _alternatives(self._resolved(schema)) and len(where) == 1 else set()
                yield WrongCall(**good | {"body": value}, fields=frozenset(told))

    def _of_parameter(self, good: Json, name: str, rule: Json) -> Iterator[WrongCall]:
        if rule.get("type") != "array":
            twice = str(self.good(rule))
            yield WrongCall(**good, query=((name, twice), (name, twice)), fields=frozenset({name}))
        for where, value in self._wrong(rule.get("items", rule)):
            if isinstance(value, str | int | float) and not isinstance(value, bool) and not where:
                told = {name, f"{name}.0"}
                if not self._takes_text(rule, str(value)):
                    yield WrongCall(**good, query=((name, str(value)),), fields=frozenset(told))

    def _takes_text(self, rule: Json, text: str) -> bool:
        """Tell whether a number, written as text, is a value of a text."""
        rule = self._resolved(rule.get("items", rule))
        return text == "7" and rule.get("type") == "string" and not {"enum", "format"} & rule.keys()

    def _resolved(self, schema: Json) -> Json:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema

    def good(self, schema: Json) -> Any:  # noqa: PLR0911  one for each sort of value
        """Return the smallest value that a schema takes."""
        schema = self._resolved(schema)
        for option in schema.get("anyOf", ()):
            if "required" not in option and option != {"type": "null"}:
                return self.good(option)
        match schema:
            case {"enum": [first, *_]}:
                return first
            case {"type": "object"}:
                needed = [*schema.get("required", ()), *_alternatives(schema)[:1]]
                return {name: self.good(schema["properties"][name]) for name in needed}
            case {"type": "array"}:
                return [self.good(schema["items"])] * schema.get("minItems", 0)
            case {"type": "string", "format": form}:
                return GOOD_FORMATS[form]
            case {"type": "string"}:
                return next(text for text in GOOD_TEXTS if re.search(schema.get("pattern", ""), text))
            case {"type": "integer"}:
                return schema.get("minimum", 1)
            case {"type": "boolean"}:
                return False
        return None

    def _wrong(self, schema: Json) -> Iterator[tuple[Path, Any]]:
        """Yield whatever a schema does not take, each with where in it the mistake is."""
        schema = self._resolved(schema)
        options = [option for option in schema.get("anyOf", ()) if "required" not in option]
        if options:
            for where, value in self._wrong(options[0]):
                if where or value is not None or {"type": "null"} not in options:
                    yield where, value
            return
        match schema.get("type"):
            case "object":
                yield from self._wrong_objects(schema)
            case "array":
                yield from self._wrong_lists(schema)
            case "string":
                yield from (((), value) for value in _wrong_texts(schema))
            case "integer":
                yield from (((), value) for value in _wrong_numbers(schema))
            case "boolean":
                yield from (((), value) for value in (None, "perhaps", 7, [], {}))
            case "null":
                yield from (((), value) for value in (True, "2199-01-01T00:00:00Z"))

    def _wrong_objects(self, schema: Json) -> Iterator[tuple[Path, Any]]:
        yield from (((), value) for value in (None, "x", 7, []))
        good = self.good(schema)
        if isinstance(schema.get("additionalProperties"), dict):
            names = schema.get("propertyNames", {}).get("enum", ())
            if names:
                yield ("tea",), {"tea": self.good(schema["additionalProperties"])}
            name = names[0] if names else "a"
            for where, value in self._wrong(schema["additionalProperties"]):
                yield (name, *where), {name: value}
            return
        yield ("tea",), good | {"tea": 1}
        for name in (*schema.get("required", ()), *_alternatives(schema)[:1]):
            yield (name,), {other: value for other, value in good.items() if other != name}
        for name, rule in schema.get("properties", {}).items():
            for where, value in self._wrong(rule):
                yield (name, *where), good | {name: value}

    def _wrong_lists(self, schema: Json) -> Iterator[tuple[Path, Any]]:
        yield from (((), value) for value in (None, "x", 7, {}))
        if "maxItems" in schema:
            yield (), [self.good(schema["items"])] * (schema["maxItems"] + 1)
        if schema.get("minItems"):
            yield (), []
        for where, value in self._wrong(schema["items"]):
            yield (0, *where), [value]


def _filled(path: str, text: str = "") -> str:
    return re.sub(r"\{(\w+)\}", lambda part: text or {"slug": "x", "number": "1"}.get(part[1], NO_WINDOW), path)


def _alternatives(schema: Json) -> list[str]:
    """Return the fields of which one is needed, whichever."""
    options = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return [name for option in options for name in option.get("required", ())][: len(options) or None]


def _wrong_texts(schema: Json) -> Iterator[Any]:
    yield from (None, 7, True, [], {})
    if "enum" in schema:
        yield "party"
    yield from WRONG_FORMATS.get(schema.get("format", ""), ())
    if "const" in schema.get("not", {}):
        yield schema["not"]["const"]
    if "pattern" in schema:
        yield from (text for text in WRONG_TEXTS if not re.search(schema["pattern"], text))
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)


def _wrong_numbers(schema: Json) -> Iterator[Any]:
    yield from (None, "x", True, 1.5, [], {})
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "exclusiveMinimum" in schema:
        yield schema["exclusiveMinimum"]
    if "maximum" in schema:
        yield schema["maximum"] + 1
