"""A client that was made for Statuspage reads our status page: the package `statuspage.io` of npm, as it is."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.domain.access import command_line
from gateway.domain.window import Gate, Kind
from gateway.service.drafts.components import ComponentDraft
from gateway.service.drafts.windows import UpdateDraft, WindowDraft
from tests.browser.conftest import Scene
from tests.observed import wait_until
from tests.pages.tools import node
from tests.story.customers import fetch

WHO = command_line("test")
READER = Path(__file__).with_name("read_statuspage.cjs")


async def test_it_reads_all_documents(scene: Scene) -> None:
    """Summary, status, components, incidents and maintenances, at the addresses that it makes by itself.

    Its `getActive` asks for the upcoming ones (`Endpoints.js` of 3.3.8), so that one is left out.
    """
    windows = scene.services.windows
    await scene.services.components.add(ComponentDraft(slug="checkout", name="Checkout"), WHO)
    affected = [{"slug": "checkout", "status": "partial_outage"}]
    draft = {"title": "Payments fail", "kind": Kind.DOWNTIME, "gate": Gate.NONE, "components": affected}
    incident = await windows.create(WindowDraft.model_validate(draft), WHO)
    post = {"status": "identified", "body": "It is the **bank**."}
    await windows.post(incident.id, UpdateDraft.model_validate(post), WHO)
    planned = WindowDraft(title="Database upgrade", starts_at=datetime.now(UTC) + timedelta(days=1))
    maintenance = await windows.create(planned, WHO)

    def knows() -> bool:
        return "Database upgrade" in fetch(scene.gateway.port, "/_maintenance/api/v2/summary.json").text

    await wait_until(lambda: asyncio.to_thread(knows))
    read = json.loads(await asyncio.to_thread(node, READER, f"{scene.url}/_maintenance"))

    assert read["summary"]["page"]["name"] == "Acme Shop"
    assert read["status"]["status"] == {"indicator": "major", "description": "Partial System Outage"}
    assert [(each["name"], each["status"]) for each in read["components"]["components"]] == [
        ("Checkout", "partial_outage")
    ]
    for document in (read["summary"], read["incidents"], read["unresolved"]):
        [found] = document["incidents"]
        assert (found["id"], found["name"], found["status"]) == (str(incident.id), "Payments fail", "identified")
        assert found["incident_updates"][0]["body"] == "It is the bank."
    for document in (read["summary"], read["maintenances"], read["upcoming"]):
        [found] = document["scheduled_maintenances"]
        assert (found["id"], found["status"]) == (str(maintenance.id), "scheduled")
        assert datetime.fromisoformat(found["scheduled_for"]) == planned.starts_at.replace(
            microsecond=datetime.fromisoformat(found["scheduled_for"]).microsecond
        )
