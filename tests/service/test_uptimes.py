"""The last days of components, kept for the status page."""

from datetime import timedelta

import pytest

from gateway.domain.access import Actor
from gateway.domain.component import ComponentStatus
from gateway.domain.errors import StoreError
from gateway.domain.uptime import DAYS
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import EffectDraft, WindowDraft
from gateway.service.supervisor import Supervisor
from gateway.store.pool import Database
from gateway.web.keys import Services
from tests.observed import Observations, wait_until

SRE = Actor(name="sre@example.com")


async def test_today_is_as_bad_as_it_was(services: Services) -> None:
    """What is set by hand, and what windows say, at the next reading; with the days before it was added unknown."""
    await services.components.add(ComponentDraft(slug="api", name="API"), SRE)
    await services.components.add(ComponentDraft(slug="mail", name="Mail"), SRE)
    await services.windows.create(
        WindowDraft(title="Slow", components=(EffectDraft(slug="api", status=ComponentStatus.PARTIAL_OUTAGE),)), SRE
    )
    assert services.uptimes.latest == {}
    await services.uptimes.read()
    api, mail = services.uptimes.latest["api"], services.uptimes.latest["mail"]
    assert len(api.days) == DAYS
    assert [day.status for day in api.days[-2:]] == [None, ComponentStatus.PARTIAL_OUTAGE]
    assert api.days[-1].lasted[ComponentStatus.PARTIAL_OUTAGE] > timedelta()
    assert [day.status for day in mail.days[-2:]] == [None, ComponentStatus.OPERATIONAL]
    assert mail.share_up == 1


async def test_they_follow_changes_and_outlast_the_database(
    services: Services, database: Database, observations: Observations
) -> None:
    """Read anew after each change; what was read last stays while the database is away."""
    async with Supervisor(observations) as supervisor:
        supervisor.start(services.uptimes.keep, "uptimes")
        await services.components.add(ComponentDraft(slug="api", name="API"), SRE)
        await wait_until(lambda: "api" in services.uptimes.latest)
        await database.close()
        with pytest.raises(StoreError):
            await services.uptimes.read()
        assert "api" in services.uptimes.latest
