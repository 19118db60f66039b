"""boto3 sends a large object to S3 behind the gateway and gets it back: moto's server, in parts, several at a time."""

import json
import os
import re
from hashlib import md5, sha256
from pathlib import Path

import pytest

from tests.realworld.conftest import GatewayBefore, Start
from tests.realworld.programs import User, needs
from tests.story.processes import APPLICATIONS, Gateway, eventually

pytestmark = [pytest.mark.realworld, needs(APPLICATIONS / "moto_server")]

PART = 8 * 1024 * 1024
SIZE = 4 * PART + 1_234_567
KEY = "/backups/2026/shop%20dump.bin"


@pytest.fixture(scope="module")
def upstream(start: Start, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of S3."""
    directory = tmp_path_factory.mktemp("s3")
    moto = start("moto", [APPLICATIONS / "moto_server", "-H", "127.0.0.1", "-p", "0"], directory=directory)
    return moto.err.wait_for(r"Running on (http://127\.0\.0\.1:\d+)")[1]


def served(gateway: Gateway, request: str) -> int:
    """Count the requests in the gateway's log."""
    return len(re.findall(request, gateway.out.text))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_object_goes_there_and_back(
    upstream: str,
    gateway_before: GatewayBefore,
    certificate: tuple[str, str],
    user: User,
    scheme: str,
) -> None:
    """It is the same, also in S3's own eyes: its ETag is made of the parts' digests.

    boto3 asks before it sends a part (Expect: 100-continue). Over https it sends parts in chunks of S3's own, within
    chunks of HTTP, with a checksum as a trailer.
    """
    settings = {"SERVER__TLS_CERTIFICATE": certificate[0], "SERVER__TLS_KEY": certificate[1]}
    gateway = gateway_before(upstream, **(settings if scheme == "https" else {}))
    url = gateway.err.wait_for(r"^listening on (https?://127\.0\.0\.1:\d+)$")[1]
    assert url.startswith(f"{scheme}://")
    content = os.urandom(SIZE)
    source, target = user.home / "source", user.home / "target"
    source.write_bytes(content)
    said = user.run(
        APPLICATIONS / "python",
        Path(__file__).with_name("s3_client.py"),
        url,
        source,
        target,
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret",
        AWS_DEFAULT_REGION="us-east-1",
        AWS_CA_BUNDLE=certificate[0],
    )
    assert sha256(target.read_bytes()).digest() == sha256(content).digest()
    parts = [content[begin : begin + PART] for begin in range(0, SIZE, PART)]
    digests = b"".join(md5(part, usedforsecurity=False).digest() for part in parts)
    etag = f"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"
    told = json.loads(said)
    # Not of every part: on a machine that is slow, boto3 does not wait for it.
    assert told.pop("continued") >= 1
    assert told == {"size": SIZE, "etag": etag, "listed": ["2026/shop dump.bin"], "left": 0}

    assert eventually(lambda: served(gateway, '"DELETE /backups" 204 ')) == 1
    assert served(gateway, rf'"PUT {KEY}\?uploadId=[^ "]+&partNumber=\d+" 200 ') == len(parts)
    assert served(gateway, rf'"GET {KEY}" 206 ') == len(parts)
    assert served(gateway, '" [45][0-9][0-9] ') == 0
