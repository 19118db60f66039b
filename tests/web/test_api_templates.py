"""`/templates` of the API, and windows and updates that are made from templates."""

from typing import Any

import pytest

from gateway.domain.access import TokenScope, command_line
from gateway.service.drafts.components import ComponentDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.web.caller import API, NO_WINDOW, Caller, is_problem, token_of
from tests.web.panel import ClientMaker, application

WHO = command_line("test")
OUTAGE: dict[str, Any] = {
    "slug": "outage",
    "name": "Outage",
    "window": {
        "kind": "downtime",
        "title": "{{what}} is down",
        "description": "**{{what}}**, ticket {{ticket}}. {{product}}",
        "estimated_duration": "PT2H",
        "components": [{"slug": "api", "status": "major_outage"}],
    },
}
VALUES = {"what": "a*b", "ticket": "7"}


@pytest.fixture
async def call(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Caller:
    await services.components.add(ComponentDraft(slug="api", name="The API"), WHO)
    client = await aiohttp_client(application(services, observations))
    return Caller(client, await token_of(services, TokenScope.WRITE))


@pytest.fixture
async def outage(call: Caller) -> Any:
    reply = await call("POST", "/templates", OUTAGE)
    assert reply.status == 201, reply
    return reply.document


async def test_one_is_made_shown_changed_and_removed(call: Caller, outage: Any) -> None:
    """With its address and its version; what a change leaves out stays."""
    assert outage["window"] == OUTAGE["window"]
    assert (outage["kind"], outage["variables"], outage["update"]) == ("window", ["what", "ticket"], None)
    shown = await call("GET", "/templates/outage")
    assert shown.document == outage
    changed = await call("PATCH", "/templates/outage", {"name": "Big outage", "row_version": 1})
    assert changed.document == outage | {
        "name": "Big outage",
        "row_version": 2,
        "updated_at": changed.document["updated_at"],
    }
    update = {"slug": "cause", "name": "Cause", "update": {"status": "identified", "body": "It was {{x}}."}}
    made = await call("POST", "/templates", update)
    assert made.headers["Location"] == f"{API}/templates/cause"
    assert (made.document["kind"], made.document["variables"]) == ("update", ["x"])
    removed = await call("DELETE", "/templates/outage")
    assert (removed.status, removed.document["name"]) == (200, "Big outage")
    assert is_problem(await call("GET", "/templates/outage"), 404)


@pytest.mark.usefixtures("outage")
async def test_they_are_listed_page_by_page(call: Caller) -> None:
    """By their short names, and by kind."""
    first = (await call("GET", "/templates?limit=4")).document
    assert len(first["templates"]) == 4
    rest = (await call("GET", f"/templates?limit=1000&cursor={first['next_cursor']}")).document
    slugs = [template["slug"] for template in first["templates"] + rest["templates"]]
    assert slugs == sorted(slugs)
    assert "outage" in slugs
    assert rest["next_cursor"] is None
    updates = (await call("GET", "/templates?kind=update")).document["templates"]
    assert {template["kind"] for template in updates} == {"update"}


@pytest.mark.usefixtures("outage")
async def test_a_window_is_made_from_one(call: Caller) -> None:
    """Its fields, filled in; what the call says itself goes before them."""
    reply = await call("POST", "/windows", {"template": "outage", "variables": VALUES})
    assert reply.status == 201, reply
    window = reply.document
    assert (window["title"], window["kind"], window["gate"]) == ("a*b is down", "downtime", "closed")
    assert window["description"] == r"**a\*b**, ticket 7. Acme Shop"
    assert (window["estimated_duration"], window["components"]) == ("PT2H", OUTAGE["window"]["components"])
    own = {"template": "outage", "variables": VALUES, "title": "Own {{what}}", "gate": "none", "components": []}
    window = (await call("POST", "/windows", own)).document
    assert (window["title"], window["gate"], window["components"]) == ("Own {{what}}", "none", [])


async def test_an_update_is_made_from_one(call: Caller) -> None:
    window = (await call("POST", "/windows", {"title": "x"})).document
    path = f"/windows/{window['id']}/updates"
    reply = await call("POST", path, {"template": "identified", "variables": {"cause": "_x_"}})
    assert reply.status == 201, reply
    [update] = reply.document["updates"]
    assert (update["status"], update["body"]) == (
        "identified",
        r"We have found the cause: \_x\_. We are working on it.",
    )
    reply = await call("POST", path, {"template": "resolved", "status": "completed"})
    assert reply.document["updates"][0]["status"] == "completed"


@pytest.mark.usefixtures("outage")
async def test_a_rendering_shows_the_outcome(call: Caller, services: Services) -> None:
    """The texts, and the HTML that customers would read; nothing is made of it."""
    reply = await call("POST", "/templates/outage/render", {"variables": {"what": "<b>x</b>", "ticket": "7"}})
    assert reply.document == {
        "kind": "window",
        "title": "<b>x</b> is down",
        "text": r"**\<b\>x\</b\>**, ticket 7. Acme Shop",
        "html": "<p><strong>&lt;b&gt;x&lt;/b&gt;</strong>, ticket 7. Acme Shop</p>\n",
    }
    assert await services.windows.list() == []


@pytest.mark.usefixtures("outage")
async def test_the_second_writer_gets_both_texts(call: Caller) -> None:
    """409 by `row_version`, 412 by `If-Match`; nothing is overwritten or removed."""
    await call("PATCH", "/templates/outage", {"name": "First"})
    late = await call("PATCH", "/templates/outage", {"name": "Second", "row_version": 1})
    assert is_problem(late, 409)
    assert (late.document["current"]["name"], late.document["sent"]["name"]) == ("First", "Second")
    headers = {"Authorization": f"Bearer {call.token}", "If-Match": '"1.0123456789abcdef"'}
    async with call.client.delete(f"{API}/templates/outage", headers=headers) as response:
        assert response.status == 412
    assert (await call("GET", "/templates/outage")).document["name"] == "First"


WINDOW = {"title": "x"}
WRONG: list[tuple[str, str, object, int, str, str]] = [
    ("POST", "/templates", {}, 422, "slug", "is missing: it is needed"),
    ("POST", "/templates", {"slug": "a", "name": "b"}, 422, "body", 'give either "window" or "update"'),
    ("POST", "/templates", OUTAGE | {"update": {"status": "resolved", "body": "x"}}, 422, "body", "give either"),
    ("POST", "/templates", OUTAGE | {"slug": "A b"}, 422, "slug", "is not a short name"),
    ("POST", "/templates", OUTAGE | {"name": " "}, 422, "name", "must not be empty"),
    ("POST", "/templates", OUTAGE | {"tea": 1}, 422, "tea", "there is no such field"),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"title": "{{X}}"}},
        422,
        "window.title",
        "'{{X}}' is no variable",
    ),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"description": "{{"}},
        422,
        "window.description",
        "'{{' is no",
    ),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"starts_at": None}},
        422,
        "window.starts_at",
        "there is no such",
    ),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"gate": "open"}},
        422,
        "window.gate",
        "must be one of none, read_only, closed",
    ),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"components": [{"slug": "gone"}]}},
        422,
        "window.components.0.slug",
        'there is no component "gone"',
    ),
    (
        "POST",
        "/templates",
        OUTAGE | {"window": WINDOW | {"components": [{"slug": "api"}] * 2}},
        422,
        "window.components",
        'names "api" more than once: give each component one status',
    ),
    ("POST", "/templates", OUTAGE | {"update": None}, 422, "body", "give either"),
    ("POST", "/templates", {"slug": "a", "name": "b", "window": None}, 422, "body", "give either"),
    ("PATCH", "/templates/outage", {"window": {}}, 422, "window.title", "is missing: it is needed"),
    ("PATCH", "/templates/outage", {"row_version": 0}, 422, "row_version", "must be more than 0"),
    ("GET", "/templates?kind=page", None, 422, "kind", "must be one of window, update"),
    ("GET", "/templates?cursor=x", None, 422, "cursor", "is none of this list"),
    ("GET", "/templates?limit=0", None, 422, "limit", "must be at least 1"),
    ("POST", "/windows", {"template": "no"}, 422, "template", 'there is no template "no"'),
    ("POST", "/windows", {"template": "resolved"}, 422, "template", "is a template for updates, not for windows"),
    ("POST", "/windows", {"template": 7}, 422, "template", "must be a text in quotes"),
    ("POST", "/windows", {"template": "outage"}, 422, "variables.what", "is missing: the template uses {{what}}"),
    (
        "POST",
        "/windows",
        {"template": "outage", "variables": VALUES | {"who": "x"}},
        422,
        "variables.who",
        "the template has no such variable; it takes what, ticket",
    ),
    (
        "POST",
        "/windows",
        {"template": "outage", "variables": VALUES | {"product": "x"}},
        422,
        "variables.product",
        "is built in (the product's name): leave it out",
    ),
    (
        "POST",
        "/windows",
        {"template": "outage", "variables": VALUES | {"what": "a\nb"}},
        422,
        "variables.what",
        "must be one line of text, of 500 characters at most",
    ),
    (
        "POST",
        "/windows",
        {"template": "outage", "variables": {"what": 7}},
        422,
        "variables.what",
        "must be a text in quotes",
    ),
    (
        "POST",
        "/windows",
        {"template": "outage", "variables": {f"v{n}": "" for n in range(21)}},
        422,
        "variables",
        "must have at most 20",
    ),
    ("POST", "/windows", {"title": "x", "variables": {"a": "b"}}, 422, "variables", "belong to a template"),
    ("POST", "/windows", {"variables": {}}, 422, "title", "is missing: it is needed"),
    ("POST", "/templates/outage/render", {}, 422, "variables.what", "is missing"),
    ("POST", "/templates/titled/render", {}, 422, "window_id", "the template uses {{title}}: name the window"),
    ("POST", "/templates/outage/render", {"window_id": "x"}, 422, "window_id", "must be an id such as"),
]


@pytest.mark.parametrize(("method", "path", "sent", "status", "field", "said"), WRONG)
@pytest.mark.usefixtures("outage")
async def test_every_wrong_value_is_named(  # noqa: PLR0917  as the table has them
    call: Caller,
    services: Services,
    method: str,
    path: str,
    sent: object,
    status: int,
    field: str,
    said: str,
) -> None:
    """The field by its path, with what would be right; nothing is made or changed."""
    titled = {"slug": "titled", "name": "T", "update": {"status": "resolved", "body": "{{title}}"}}
    await call("POST", "/templates", titled)
    reply = await call(method, path, sent)
    assert is_problem(reply, status)
    assert said in reply.document["errors"][field]
    assert (await services.templates.get("outage")).row_version == 1
    assert await services.windows.list() == []


async def test_a_wrong_update_is_named(call: Caller) -> None:
    window = (await call("POST", "/windows", {"title": "x"})).document["id"]
    for sent, field, said in [
        ({}, "status", "is missing: it is needed"),
        ({"status": "resolved"}, "body", "is missing: it is needed"),
        ({"status": "resolved", "body": " "}, "body", "must not be empty"),
        ({"template": "no"}, "template", 'there is no template "no"'),
        ({"template": "deploy"}, "template", "is a template for windows, not for updates"),
        ({"template": "identified"}, "variables.cause", "is missing"),
        ({"status": "resolved", "body": "x", "variables": {"a": "b"}}, "variables", "belong to a template"),
    ]:
        reply = await call("POST", f"/windows/{window}/updates", sent)
        assert is_problem(reply, 422)
        assert said in reply.document["errors"][field]
    unknown = await call("POST", f"/windows/{NO_WINDOW}/updates", {"template": "resolved"})
    assert is_problem(unknown, 404)


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("GET", "/templates/no", None),
        ("PATCH", "/templates/no", {"name": "x"}),
        ("DELETE", "/templates/no", None),
        ("POST", "/templates/no/render", {}),
    ],
)
async def test_an_unknown_template_is_not_found(call: Caller, method: str, path: str, sent: object) -> None:
    reply = await call(method, path, sent)
    assert is_problem(reply, 404)
    assert reply.document["detail"] == 'there is no template "no"; `gateway template list` shows them'


@pytest.mark.usefixtures("outage")
async def test_a_short_name_is_taken_once(call: Caller) -> None:
    for reply in (
        await call("POST", "/templates", OUTAGE),
        await call("PATCH", "/templates/outage", {"slug": "deploy"}),
    ):
        assert is_problem(reply, 409)
        assert reply.document["detail"] == "slug is taken by another template"


@pytest.mark.usefixtures("outage")
async def test_a_template_stays_what_it_is_for(call: Caller) -> None:
    reply = await call("PATCH", "/templates/outage", {"update": {"status": "resolved", "body": "x"}})
    assert is_problem(reply, 409)
    assert reply.document["detail"] == '"outage" is a template for windows, and stays one'


async def test_a_repeated_call_makes_one(call: Caller) -> None:
    """`Idempotency-Key`: the same answer, one template."""
    headers = {"Authorization": f"Bearer {call.token}", "Idempotency-Key": "once"}
    seen = []
    for _ in range(2):
        async with call.client.post(f"{API}/templates", json=OUTAGE, headers=headers) as response:
            seen.append((response.status, await response.json()))
    assert seen[0] == seen[1]
    assert seen[0][0] == 201
