"""`gateway component` and `gateway group`: real processes against the built-in application and a real PostgreSQL."""

from pathlib import Path

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import ClientMaker, application


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def test_components(shell: Shell) -> None:
    """They are added, listed and set; the list shows what customers see, too."""
    await shell("component", "add", "api", "--name", "API", "--group", "Core", "--description", "For programs")
    assert (await shell("component", "set", "api", "degraded_performance")).code == 0
    await shell("window", "start", "--title", "Down", "--component", "api=major_outage")
    assert (await shell("component", "list")).out.splitlines() == [
        "SLUG  NAME  GROUP  STATUS                SHOWN         VISIBILITY",
        "api   API   Core   degraded_performance  major_outage",
    ]
    [api] = (await shell("component", "list", "--json")).json
    assert (api["description"], api["status"]) == ("For programs", "degraded_performance")


async def test_a_component_is_edited_moved_removed_and_brought_back(shell: Shell, services: Services) -> None:
    """Each says on standard error what it did, and nothing on standard output."""
    for slug in ("web", "api", "db"):
        await shell("component", "add", slug, "--name", slug.upper(), "--group", "Core")
    for line, said in [
        (
            ["edit", "api", "--name", "The API", "--visibility", "hidden"],
            'component "The API" is in the group "Core", h',
        ),
        (["edit", "api", "--no-group"], 'component "The API" is in no group, hidden'),
        (["set", "api", "major_outage"], '"The API" is major_outage; customers see nothing of it'),
        (["edit", "api", "--group", "Core", "--visibility", "shown"], 'is in the group "Core", shown'),
        (["move", "api", "--before", "web"], '"The API" is right before web'),
        (["move", "api", "--after", "web"], '"The API" is right after web'),
        (["order", "db", "web"], "the order is db, api, web"),
        (["remove", "db"], '"DB" is removed; `gateway component add db` brings it back'),
    ]:
        done = await shell("component", *line)
        assert (done.code, done.out) == (0, ""), done
        assert said in done.err, done
    assert [found.slug for found in await services.components.list()] == ["api", "web"]
    assert [each["slug"] for each in (await shell("component", "list", "--removed", "--json")).json] == ["db"]
    assert [each["slug"] for each in (await shell("component", "list", "--status", "major_outage", "--json")).json] == [
        "api"
    ]
    assert (await shell("component", "list", "--group", "Edge", "--json")).json == []
    await shell("component", "add", "db", "--name", "Database")
    assert len(await services.components.list()) == 3


async def test_a_history_is_a_table_with_a_sum(shell: Shell) -> None:
    """The latest last, with what was the cause; the share of time goes to standard error."""
    await shell("component", "add", "api", "--name", "API")
    await shell("window", "start", "--title", "Power cut", "--component", "api=major_outage")
    done = await shell("component", "history", "api")
    assert done.code == 0, done
    head, first, second = done.out.splitlines()
    assert head.split() == ["SINCE", "UNTIL", "LASTED", "STATUS", "BECAUSE", "OF"]
    assert first.split()[-4:] == ["operational", "token", "write", "token"]
    assert second.endswith("major_outage  Power cut")
    assert "% without an outage (partial or major)" in done.err
    found = (await shell("component", "history", "api", "--from", "2020-01-01T00:00:00Z", "--json")).json
    assert [each["status"] for each in found["intervals"]] == ["operational", "major_outage"]
    past = ["--from", "2020-01-01T00:00:00+01:00", "--to", "2020-02-01T00:00:00Z"]
    done = await shell("component", "history", "api", *past)
    assert done.out.splitlines() == ["SINCE  UNTIL  LASTED  STATUS  BECAUSE OF"]
    assert "nothing is known of api in this time" in done.err


async def test_groups(shell: Shell, services: Services) -> None:
    """They go by their names."""
    assert '"Core"' in (await shell("group", "add", "Core", "--description", "The heart", "--collapsed")).err
    await shell("group", "add", "Edge")
    await shell("component", "add", "api", "--name", "API", "--group", "Core", "--status", "partial_outage")
    assert (await shell("group", "move", "Edge", "--before", "Core")).err == (
        'gateway: the group "Edge" is right before "Core"\n'
    )
    assert (await shell("group", "edit", "Edge", "--name", "Network", "--open")).code == 0
    assert (await shell("group", "list")).out.splitlines() == [
        "NAME     STATUS          SHOWN      COMPONENTS  DESCRIPTION",
        "Network  operational     open",
        "Core     partial_outage  collapsed  api         The heart",
    ]
    ordered = await shell("group", "order", "Core", "Network")
    assert (ordered.out, ordered.err) == ("", "gateway: the order is Core, Network\n")
    assert [each["name"] for each in (await shell("group", "list", "--json")).json] == ["Core", "Network"]
    assert "without a group now: api" in (await shell("group", "remove", "Core")).err
    assert "no component was in it" in (await shell("group", "remove", "Network")).err
    assert (await shell("group", "list", "--json")).json == []
    assert [found.group for found in await services.components.list()] == [None]


async def test_json_has_all_of_it(shell: Shell) -> None:
    made = (await shell("component", "add", "api", "--name", "API", "--group", "Core", "--json")).json
    await shell("component", "add", "db", "--name", "DB", "--group", "Core")
    assert (await shell("component", "set", "api", "operational", "--json")).json == made
    assert (await shell("component", "edit", "api", "--name", "x", "--json")).json["name"] == "x"
    assert (await shell("component", "move", "db", "--before", "api", "--json")).json["slug"] == "db"
    assert (await shell("component", "order", "api", "db", "--json")).json == {"slugs": ["api", "db"]}
    assert (await shell("component", "remove", "db", "--json")).json["removed_at"]
    assert (await shell("group", "add", "Edge", "--json")).json["name"] == "Edge"
    assert (await shell("group", "edit", "Edge", "--collapsed", "--json")).json["collapsed"] is True
    assert (await shell("group", "move", "Edge", "--before", "Core", "--json")).json["position"] == 1
    ordered = (await shell("group", "order", "Core", "Edge", "--json")).json["groups"]
    assert [each["name"] for each in ordered] == ["Core", "Edge"]
    assert (await shell("group", "remove", "Core", "--json")).json["components"] == ["api"]


async def test_what_the_gateway_refuses(shell: Shell, services: Services) -> None:
    """Its words in one line, exit code 1."""
    await shell("component", "add", "api", "--name", "API", "--group", "Core")
    await shell("component", "add", "db", "--name", "DB")
    await shell("window", "start", "--title", "Upgrade", "--component", "api")
    for line, said in [
        (["component", "add", "api", "--name", "x"], 'the slug is taken by the component "API": choose another'),
        (["component", "add", "x", "--name", ""], "--name: "),
        (["component", "set", "nowhere", "operational"], 'there is no component "nowhere"'),
        (["component", "edit", "nowhere", "--name", "x"], 'there is no component "nowhere"'),
        (["component", "edit", "api", "--group", ""], "--group: "),
        (["component", "remove", "api"], "named by windows that are not over (Upgrade): take it out of them, end or"),
        (["component", "remove", "nowhere"], 'there is no component "nowhere"'),
        (["component", "move", "api", "--before", "db"], '"db" is in no group: change the group of "api" first'),
        (["component", "move", "api", "--before", "api"], "before: is the component itself"),
        (["component", "order", "api", "x"], 'there is no component "x"'),
        (["component", "order", "api", "api"], 'SLUGS: names "api" for the second time'),
        (["component", "history", "nowhere"], 'there is no component "nowhere"'),
        (["component", "history", "api", "--from", "2100-01-01T00:00:00Z"], "--from: lies in the future"),
        (["group", "add", "Core"], 'there is a group "Core" already'),
        (["group", "add", ""], "NAME: "),
        (["group", "edit", "Edge", "--name", "x"], 'there is no group "Edge"; `gateway group list` shows them'),
        (["group", "remove", "Edge"], 'there is no group "Edge"'),
        (["group", "move", "Core", "--after", "Edge"], 'there is no group "Edge"'),
        (["group", "order", "Core", "Edge"], 'there is no group "Edge"'),
        (["group", "move", "Core", "--after", "Core"], "after: is the group itself"),
    ]:
        done = await shell(*line)
        assert refused(done, 1, said), done
    reporter = await token_of(services, TokenScope.REPORT)
    assert (await shell("component", "set", "api", "major_outage", GATEWAY_TOKEN=reporter)).code == 0
    for line in (["component", "edit", "api", "--name", "x"], ["component", "remove", "db"], ["group", "add", "x"]):
        done = await shell(*line, GATEWAY_TOKEN=reporter)
        assert refused(done, 1, "scope write"), done
