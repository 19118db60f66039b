"""Texts in other languages over the API: of windows, of their updates, and of series."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.domain.languages import LANGUAGES
from gateway.service.drafts.fields import checked
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from gateway.web.api import OPERATIONS
from gateway.web.api.openapi import description
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application

AT = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0).isoformat()
GERMAN = {"de": {"title": "Datenbank-Upgrade", "description": "Suchen werden **schneller**."}}
FRENCH = {"fr": {"title": "Mise à jour", "description": ""}}
TAGS = "en, de, fr, es, pt, it, nl, pl, ja, zh-Hans, ar"


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


async def made(call: Caller, **fields: Any) -> dict[str, Any]:
    reply = await call("POST", "/windows", {"title": "Upgrade", "translations": GERMAN, **fields})
    assert reply.status == 201, reply
    document: dict[str, Any] = reply.document
    return document


async def test_a_change_replaces_the_whole_map(call: Caller) -> None:
    """As lists and the scope are; another change leaves it as it is, and an empty one takes all away."""
    window = await made(call)
    assert window["translations"] == GERMAN
    path = f"/windows/{window['id']}"
    assert (await call("PATCH", path, {"title": "Other"})).document["translations"] == GERMAN
    assert (await call("PATCH", path, {"translations": {"fr": {"title": " Mise à jour "}}})).document[
        "translations"
    ] == FRENCH
    assert (await call("PATCH", path, {"translations": {}})).document["translations"] == {}
    assert (await call("GET", path)).document["translations"] == {}


async def test_an_update_is_posted_in_several_languages(call: Caller) -> None:
    window = await made(call)
    sent = {"status": "verifying", "body": "Nearly.", "translations": {"de": "Fast fertig."}}
    await call("POST", f"/windows/{window['id']}/updates", sent)
    posted = await call("POST", f"/windows/{window['id']}/updates", {"status": "resolved", "body": "Done."})
    assert [each["translations"] for each in posted.document["updates"]] == [{}, {"de": "Fast fertig."}]


async def test_occurrences_have_those_of_their_series(call: Caller) -> None:
    """And a change of the series changes them."""
    recurrence = {"rule": "FREQ=DAILY;COUNT=2", "time_zone": "UTC"}
    first = await made(call, starts_at=AT, recurrence=recurrence)
    path = f"/series/{first['recurrence']['series']}"
    assert (await call("GET", path)).document["window"]["translations"] == GERMAN
    changed = await call("PATCH", path, {"window": {"translations": FRENCH}})
    assert changed.document["window"]["translations"] == FRENCH
    windows = (await call("GET", "/windows?state=scheduled")).document["windows"]
    assert [window["translations"] for window in windows] == [FRENCH] * 2


@pytest.mark.parametrize(
    ("path", "body", "field", "said"),
    [
        ("", {"title": "x", "translations": {"xx": {"title": "y"}}}, "translations.xx", f"write one of {TAGS}"),
        ("", {"title": "x", "translations": {"de": {"title": " "}}}, "translations.de.title", "must not be empty"),
        (
            "",
            {"title": "x", "translations": {"de": {"title": "y" * 201}}},
            "translations.de.title",
            "must have at most 200 characters",
        ),
        ("", {"title": "x", "translations": {"de": {}}}, "translations.de.title", "is missing: it is needed"),
        ("", {"title": "x", "translations": {"de": "y"}}, "translations.de", "must be an object"),
        (
            "/{id}/updates",
            {"status": "resolved", "body": "x", "translations": {"de": " "}},
            "translations.de",
            "must not be empty",
        ),
        (
            "/{id}/updates",
            {"status": "resolved", "body": "x", "translations": {"DE": "y"}},
            "translations.DE",
            f"write one of {TAGS}",
        ),
    ],
)
async def test_what_is_wrong_is_named(call: Caller, path: str, body: Any, field: str, said: str) -> None:
    """By its language and its field, with what is accepted; nothing is made of it."""
    window = await made(call)
    reply = await call("POST", f"/windows{path.format(id=window['id'])}", body)
    assert is_problem(reply, 422)
    assert reply.document["errors"].keys() == {field}
    assert said in reply.document["errors"][field]
    assert (await call("GET", "/windows")).document["windows"] == [window]


def test_the_description_names_the_languages_and_shows_an_example() -> None:
    """The examples are taken as they are."""
    schemas = description("/api/v1", OPERATIONS)["components"]["schemas"]
    window = schemas["WindowRequest"]["properties"]["translations"]
    update = schemas["UpdateRequest"]["properties"]["translations"]
    for described in (window, update):
        assert described["propertyNames"] == {"enum": [*LANGUAGES]}
    for example in window["examples"]:
        assert checked(WindowDraft, {"title": "x", "translations": example}).translations.keys() == {"de"}
    for example in update["examples"]:
        assert (
            checked(UpdateDraft, {"status": "resolved", "body": "x", "translations": example}).translations == example
        )
