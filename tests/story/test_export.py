"""An export over a real gateway whose database goes away in the middle."""

import http.client
from pathlib import Path

import pytest

from tests.commands.cli import run_gateway
from tests.postgres import Postgres, psql
from tests.schema import migrate_at
from tests.story.conftest import StartGateway

pytestmark = pytest.mark.story

# Far more than all buffers between PostgreSQL and the client hold: 60 MB.
MANY = (
    "insert into audit (actor, action, subject, after) "
    "select 'x', 'window.edited', 'window', jsonb_build_object('description', repeat('x', 20000)) "
    "from generate_series(1, 3000)"
)


@pytest.mark.parametrize("path", ["audit.csv", "audit.jsonl"])
async def test_an_export_that_breaks_off_does_not_look_whole(
    start_gateway: StartGateway, tmp_path: Path, own_postgres: Postgres, httpbin_url: str, path: str
) -> None:
    """What came before is there, and then the connection breaks: no last chunk (RFC 9112, section 7.1)."""
    url = own_postgres.url(own_postgres.create())
    await migrate_at(url)
    psql(url, MANY)
    token = run_gateway(tmp_path, "token", "create", "x", "--scope", "read", DATABASE_URL=url).out.strip()
    gateway = start_gateway(tmp_path, DATABASE__URL=url, UPSTREAM__URL=httpbin_url).listening()
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    whole = "/_maintenance/api/v1/" + path
    connection.request("GET", whole, headers={"Authorization": f"Bearer {token}"})
    response = connection.getresponse()
    assert response.status == 200
    assert len(response.read(1_000_000)) == 1_000_000
    own_postgres.stop()
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    connection.close()
