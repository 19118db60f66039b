"""Things for calls to be about, in the state that the call needs, so that it can be done."""

import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

FAR = "2199-01-01T00:00:00Z"

_LATER = {"title": "Later", "gate": "none", "starts_at": FAR}


def parts_for(method: str, path: str) -> dict[str, str]:
    """Return what the path of an operation is about, made over the API; nothing where it names nothing.

    What the call may bring to an end is made anew for each.
    """
    kind, _, rest = path[1:].partition("/")
    part, _, action = rest.partition("/")
    if not part.startswith("{"):
        return {}
    make = _ACTED_ON.get((kind, action)) or _SHOWN[kind]
    stays = method == "GET" or action in _HARMLESS or (method == "PATCH" and kind != "windows")
    return {part[1:-1]: _made_once(make) if stays else make()}


def body_for(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a body that name things, with some that exist; nothing where it names none."""
    match path:
        case "/components/{slug}/move":
            return dict.fromkeys(body, _component())
        case "/groups/{id}/move":
            return dict.fromkeys(body, _group())
        case "/component-order":
            return {"slugs": [_component(), _component()]}
        case "/group-order":
            return {"ids": [_group(), _group()]}
    return {}


@cache
def _made_once(make: Callable[[], str]) -> str:
    return make()


def _new() -> str:
    return uuid4().hex


def _scheduled() -> str:
    return str(_posted("/windows", _LATER)["id"])


def _active() -> str:
    return str(_posted("/windows", {"title": "Now", "gate": "none"})["id"])


def _ended() -> str:
    return str(_posted(f"/windows/{_active()}/end", {})["id"])


def _series() -> str:
    yearly = {"rule": "FREQ=YEARLY;COUNT=2", "time_zone": "UTC"}
    return str(_posted("/windows", _LATER | {"recurrence": yearly})["recurrence"]["series"])


def _group() -> str:
    return str(_posted("/groups", {"name": _new()})["id"])


def _component() -> str:
    return str(_posted("/components", {"slug": _new(), "name": "New"})["slug"])


def _template() -> str:
    update = {"status": "resolved", "body": "It works."}
    return str(_posted("/templates", {"slug": _new(), "name": "New", "update": update})["slug"])


def _replica() -> str:
    """Return one that can be forgotten, as long as there is one."""
    known = _asked("GET", "/replicas")["replicas"]
    return str(max(known, key=lambda replica: replica["silent"])["id"])


def _posted(path: str, body: object) -> dict[str, Any]:
    return _asked("POST", path, body)


def _asked(method: str, path: str, body: object = None) -> dict[str, Any]:
    request = Request(  # noqa: S310  the gateway of the trial
        f"{os.environ['TRIAL_URL']}/_maintenance/api/v1{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {os.environ['TRIAL_TOKEN']}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as response:  # noqa: S310
        return dict(json.load(response))


_SHOWN: dict[str, Callable[[], str]] = {
    "windows": _scheduled,
    "series": _series,
    "groups": _group,
    "components": _component,
    "templates": _template,
    "replicas": _replica,
    "bypass-links": lambda: str(_posted("/bypass-links", {"name": _new()})["id"]),
    "tokens": lambda: str(_posted("/tokens", {"name": _new(), "scope": "read"})["id"]),
    "operators": lambda: str(_posted("/operators", {"email": f"{_new()}@example.com", "role": "viewer"})["id"]),
    "audit": lambda: str(_asked("GET", "/audit?limit=1")["entries"][0]["id"]),
}
_HARMLESS = ("extend", "updates", "render")
_ACTED_ON = {
    ("windows", "extend"): _active,
    ("windows", "end"): _active,
    ("windows", "updates"): _active,
    ("windows", "reopen"): _ended,
}
"""What must be in another state than what is shown."""
