"""`gateway bypass`: real processes against the built-in application and a real PostgreSQL."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import NO_WINDOW, token_of
from tests.web.panel import ClientMaker, application


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def test_a_link_is_made_listed_and_revoked(shell: Shell, services: Services) -> None:
    """`create` prints the address alone; what else there is to know, and how to end it, goes to standard error."""
    made = await shell("bypass", "create", "Anna, smoke tests", "--for", "2h")
    assert made.code == 0, made
    [url] = made.out.splitlines()
    [link] = await services.bypass_links.page(limit=10)
    assert f"gateway bypass revoke {link.id}" in made.err
    bypass = services.state.moment.bypass([url.rpartition("/")[2].encode()])
    assert bypass is not None
    assert timedelta(hours=1, minutes=59) < bypass.expires_at - services.state.now() <= timedelta(hours=2)
    head, row = (await shell("bypass", "list")).out.splitlines()
    assert head.split("  ")[0] == "ID"
    assert row.startswith(f"{link.id}  live ")
    assert row.endswith("  token write token  Anna, smoke tests")
    revoked = await shell("bypass", "revoke", str(link.id))
    assert (revoked.code, revoked.out) == (0, "")
    assert "Anna, smoke tests" in revoked.err
    assert services.state.moment.bypass([url.rpartition("/")[2].encode()]) is None
    [listed] = (await shell("bypass", "list", "--json")).json
    assert (listed["state"], "url" in listed) == ("revoked", False)


async def test_json_has_all_of_it(shell: Shell) -> None:
    made = (await shell("bypass", "create", "Bert", "--json")).json
    assert made["url"].rpartition("/")[2].startswith("gwb_")
    assert (await shell("bypass", "revoke", made["id"], "--json")).json["state"] == "revoked"


async def test_what_the_gateway_refuses(shell: Shell, services: Services) -> None:
    """Its words in one line, exit code 1."""
    for line, said in [
        (["bypass", "create", "Anna", "--for", "31d"], "--for: must lie between one minute and 30 days"),
        (["bypass", "create", ""], "NAME: "),
        (["bypass", "revoke", NO_WINDOW], f"there is no bypass link {NO_WINDOW}"),
    ]:
        done = await shell(*line)
        assert refused(done, 1, said), done
    done = await shell("bypass", "create", "Anna", GATEWAY_TOKEN=await token_of(services, TokenScope.REPORT))
    assert refused(done, 1, "scope write"), done
