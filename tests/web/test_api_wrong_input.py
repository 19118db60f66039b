"""Every wrong input of the API: each is refused, named, and told what would be right."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import pytest

from gateway.domain.access import TokenScope
from gateway.service import drafts
from gateway.service.limits import Limits
from gateway.store.pool import Database
from gateway.web.api import OPERATIONS
from gateway.web.api.openapi import description
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application
from tests.web.wrong_rules import RULES
from tests.web.wrong_values import Description, WrongCall

WRONG_CALLS = [*Description(description(API, OPERATIONS)).wrong_calls()]

# How the library that checks drafts speaks to programmers.
NOT_OURS = re.compile(
    r"Input should|should (be|have|match|not)|valid \w+|Field required|Extra inputs|Value error|\d items"
)
# How ours say what is accepted.
REMEDY = re.compile(
    r"must |needs |is needed|such as |write |leave |one of|takes |did you mean|give |shortest|send |name one"
)


@pytest.fixture
async def call(
    aiohttp_client: ClientMaker, services: Services, database: Database, observations: Observations
) -> Caller:
    """Calls without limits, with a token for everything."""
    rates = {"sign_in_rate": 10, "api_rate": 0, "wrong_token_rate": 0}
    unlimited = replace(services, limits=Limits(**rates, database=database, observe=observations))
    client = await aiohttp_client(application(unlimited, observations))
    return Caller(client, await token_of(services, TokenScope.ADMIN))


def test_no_field_and_no_parameter_is_left_out() -> None:
    """Each operation, each field of each body at any depth, and each parameter is tried: a new one, too."""
    tried = {(each.method, re.sub(r"\?.*", "", each.path)) for each in WRONG_CALLS}
    assert len({each.path for each in OPERATIONS}) <= len({path for _, path in tried})
    for operation in OPERATIONS:
        said = {
            name.split(".")[0]
            for each in WRONG_CALLS
            if each.method == operation.method and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation.path), each.path)
            for name in each.fields
        }
        for model in (operation.body, operation.query):
            assert {field.alias or name for name, field in (model.model_fields if model else {}).items()} <= said
    assert len(WRONG_CALLS) > 1500


async def test_whatever_the_description_refuses_is_refused_and_named(call: Caller) -> None:
    """422 with the field and the remedy, 404 with what is not there; in words for people, never a stack of anything."""
    await call("POST", "/components", {"slug": "x", "name": "X", "group": "Core"})
    made = {
        "windows": (await call("POST", "/windows", {"title": "X"})).document["id"],
        "groups": (await call("GET", "/groups")).document["groups"][0]["id"],
    }
    failures = []
    for wrong in WRONG_CALLS:
        query = f"?{urlencode(wrong.query)}" if wrong.query else ""
        path = wrong.path.replace(NO_WINDOW, made.get(wrong.path.split("/")[1], NO_WINDOW))
        reply = await call(wrong.method, path + query, wrong.body, headers=wrong.headers)
        if not is_problem(reply, wrong.status):
            failures.append((wrong, reply.status, reply.document))
        elif wrong.status == 404:
            if not any(name in reply.document["detail"] for name in wrong.fields):
                failures.append((wrong, reply.document["detail"]))
        else:
            failures += [(wrong, reply.document["errors"])] if not _is_told(wrong, reply.document["errors"]) else []
    assert not failures, "\n".join(str(each)[:600] for each in failures)


def _is_told(wrong: WrongCall, errors: dict[str, str]) -> bool:
    return errors.keys() <= wrong.fields and all(
        REMEDY.search(text) and not NOT_OURS.search(text) for text in errors.values()
    )


async def test_whatever_a_schema_can_not_tell_is_refused_and_named(call: Caller, drafts_raised: set[str]) -> None:
    """With the field and the remedy; there is no rule in the drafts that is not among these."""
    await call("POST", "/components", {"slug": "x", "name": "X"})
    active = (await call("POST", "/windows", {"title": "X"})).document["id"]
    for method, path, body, field, said in RULES:
        reply = await call(method, path.format(active=active), body)
        assert is_problem(reply, 422), (path, body, reply.document)
        assert field in reply.document["errors"], (path, body, reply.document)
        assert said in reply.document["errors"][field], (path, body, reply.document)
    assert sorted(_raises() - drafts_raised) == []


DRAFTS = Path(drafts.__path__[0])


def _raises() -> set[str]:
    """Return where drafts refuse something."""
    return {
        f"{file.name}:{node.lineno}"
        for file in DRAFTS.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Raise)
    }


@pytest.fixture
def drafts_raised() -> Iterator[set[str]]:
    """The lines of the drafts that were come to, while the test runs."""
    seen: set[str] = set()

    def line(frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            seen.add(f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}")
        return line

    def entered(frame: FrameType, _event: str, _argument: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(str(DRAFTS)) else None

    before = sys.gettrace()
    sys.settrace(entered)
    yield seen
    sys.settrace(before)
