"""Bypass links: made, used, revoked and audited; only their signature stands between the gate and the world."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from gateway.domain.access import Actor
from gateway.domain.bypass import LinkState
from gateway.domain.errors import InvalidError, NotFoundError
from gateway.domain.observation import BypassUsed
from gateway.service.bypass_links import BypassLinks, BypassRefusedError
from gateway.service.clock import Clock
from gateway.service.drafts.bypass_links import BypassLinkDraft
from gateway.service.drafts.fields import checked
from gateway.service.state import State
from gateway.store.pool import Database
from gateway.store.snapshot import load_snapshot
from gateway.web.keys import Services
from tests.observed import Observations, wait_until
from tests.postgres import Postgres

SRE = Actor(name="sre@example.com", address="203.0.113.9")
Psql = Callable[[str, str], str]


def draft(name: str = "Anna, smoke tests", **values: object) -> BypassLinkDraft:
    return checked(BypassLinkDraft, {"name": name} | values)


@pytest.fixture
def links(services: Services) -> BypassLinks:
    return services.bypass_links


async def test_a_link_is_good_at_once_and_for_eight_hours(links: BypassLinks, state: State) -> None:
    """Where it was made: who made it can hand it out as soon as there is an answer."""
    link, token = await links.create(draft(), SRE)
    found = state.moment.bypass([token.encode()])
    assert found == link.bypass
    assert timedelta(hours=8) - timedelta(seconds=10) < link.expires_at - state.now() <= timedelta(hours=8)
    assert link.expires_at.microsecond == 0
    assert (link.name, link.created_by, link.first_used_at) == ("Anna, smoke tests", SRE.name, None)
    assert link.state(state.now()) is LinkState.LIVE
    assert link.state(link.expires_at) is LinkState.EXPIRED


async def test_a_revoked_link_is_good_for_nothing_at_once(links: BypassLinks, state: State) -> None:
    """The others stay; revoking again changes nothing."""
    link, token = await links.create(draft(), SRE)
    _, other = await links.create(draft("Bert"), SRE)
    revoked = await links.revoke(link.id, SRE)
    assert revoked.state(state.now()) is LinkState.REVOKED
    assert state.moment.bypass([token.encode()]) is None
    assert state.moment.bypass([other.encode()]) is not None
    with pytest.raises(BypassRefusedError):
        await links.visit(token, "")
    assert await links.revoke(link.id, SRE) == revoked
    with pytest.raises(NotFoundError, match="gateway bypass list"):
        await links.revoke(UUID(int=1), SRE)


async def test_a_revocation_by_hand_counts_as_well(
    links: BypassLinks, state: State, database_url: str, psql: Psql
) -> None:
    """The SRE's last resort: one link, or, with the key, every token that there ever was."""
    link, token = await links.create(draft(), SRE)
    _, other = await links.create(draft(), SRE)
    psql(database_url, f"update bypass_links set revoked_at = now() where id = '{link.id}'")  # noqa: S608
    await wait_until(lambda: state.moment.bypass([token.encode()]) is None)
    assert state.moment.bypass([other.encode()]) is not None
    psql(database_url, "delete from bypass_key")
    await wait_until(lambda: state.moment.bypass([other.encode()]) is None)
    _, new = await links.create(draft(), SRE)
    assert state.moment.bypass([new.encode()]) is not None
    assert state.moment.bypass([other.encode()]) is None


async def test_an_expired_link_is_not_even_loaded(
    links: BypassLinks, database: Database, database_url: str, psql: Psql
) -> None:
    await links.create(draft(), SRE)
    psql(database_url, "update bypass_links set created_at = now() - interval '9 h', expires_at = now()")
    async with database.session() as session:
        assert (await load_snapshot(session)).bypasses == ()
    [listed] = await links.page(limit=10)
    assert listed.name == "Anna, smoke tests"


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"expires_in": "PT0S"}, {"expires_in"}),
        ({"expires_in": "59s"}, {"expires_in"}),
        ({"expires_in": "P30DT1S"}, {"expires_in"}),
        ({"expires_in": 3600}, {"expires_in"}),
        ({"expires_in": None}, {"expires_in"}),
        ({"name": "  "}, {"name"}),
        ({"name": "x" * 101, "forever": True}, {"name", "forever"}),
    ],
)
def test_every_link_has_a_name_and_ends_within_30_days(values: dict[str, object], wrong: set[str]) -> None:
    with pytest.raises(InvalidError) as error:
        draft(**values)  # type: ignore[arg-type]
    assert error.value.fields.keys() == wrong
    assert draft(expires_in="30d").expires_in == timedelta(days=30)


async def test_the_longest_link_is_one_that_the_database_takes(links: BypassLinks) -> None:
    link, _ = await links.create(draft(expires_in="30d"), SRE)
    assert link.expires_at <= link.created_at + timedelta(days=30)


async def test_the_audit_names_who_made_it_who_used_it_and_who_revoked_it(
    services: Services, links: BypassLinks, observations: Observations
) -> None:
    """Of its uses the first; the log tells each. Neither has the token."""
    link, token = await links.create(draft(), SRE)
    for _ in range(2):
        assert (await links.visit(token, "192.0.2.7")).id == link.id
    await links.revoke(link.id, SRE)
    await links.revoke(link.id, SRE)
    entries = [entry for entry in reversed(await services.audit.latest()) if entry.subject == "bypass_link"]
    assert [(entry.actor, entry.address, entry.action) for entry in entries] == [
        (SRE.name, SRE.address, "bypass_link.created"),
        ("bypass link Anna, smoke tests", "192.0.2.7", "bypass_link.used"),
        (SRE.name, SRE.address, "bypass_link.revoked"),
    ]
    assert {entry.subject_id for entry in entries} == {str(link.id)}
    assert entries[0].after == {"name": link.name, "expires_at": link.expires_at.isoformat()}
    used = BypassUsed(link=str(link.id), name=link.name, address="192.0.2.7")
    assert observations.of(BypassUsed) == [used, used]
    assert token.rpartition(".")[2] not in repr([*entries, *observations])
    assert (await links.page(limit=10))[0].first_used_at is not None


async def test_no_token_is_stored(links: BypassLinks, database_url: str, psql: Psql) -> None:
    """What the database has is the key; no row has a signature."""
    _, token = await links.create(draft(), SRE)
    stored = psql(database_url, "select json_agg(l), (select json_agg(a) from audit a) from bypass_links l")
    assert token not in stored
    assert token.rpartition(".")[2] not in stored


async def test_what_is_no_token_is_refused(links: BypassLinks, observations: Observations) -> None:
    _, token = await links.create(draft(), SRE)
    for wrong in ("", "x", token[:-1], token + "x", token.upper(), "\udcff", "\0", "gwb_.."):
        with pytest.raises(BypassRefusedError, match="ask whoever gave it"):
            await links.visit(wrong, "")
    assert not observations.of(BypassUsed)


async def test_the_snapshot_file_keeps_the_key_from_other_users(
    links: BypassLinks, state: State, observations: Observations, tmp_path: Path
) -> None:
    """A gateway that starts without the database lets the links' holders through, too."""
    file = tmp_path / "snapshot.json"
    file.write_text("{}")
    file.chmod(0o666)
    _, token = await links.create(draft(), SRE)
    restored = State(clock=Clock(), observe=observations, file=file, close_unknown=True)

    def is_written() -> bool:
        restored.restore()
        return restored.version == state.version

    await wait_until(is_written)
    assert file.stat().st_mode & 0o777 == 0o600
    assert restored.moment.bypass([token.encode()]) is not None


class TestWithoutDatabase:
    """PostgreSQL is away, which may be why there is a window."""

    @pytest.fixture
    def database_url(self, own_postgres: Postgres) -> str:
        return own_postgres.url(own_postgres.create())

    async def test_a_link_works_all_the_same(
        self, services: Services, links: BypassLinks, own_postgres: Postgres, observations: Observations
    ) -> None:
        """The log tells of it; the audit of the first use after the database is back."""
        _, token = await links.create(draft(), SRE)
        own_postgres.stop()
        began = time.monotonic()
        await links.visit(token, "192.0.2.7")
        assert time.monotonic() - began < 5
        assert len(observations.of(BypassUsed)) == 1
        own_postgres.start()
        async with asyncio.timeout(20):
            while (await services.audit.latest(1))[0].action != "bypass_link.used":
                await links.visit(token, "192.0.2.7")
