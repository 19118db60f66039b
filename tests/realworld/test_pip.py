"""pip and twine work with a package index behind the gateway: pypiserver."""

import base64
import hashlib
import json
import os
import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.realworld.conftest import GatewayBefore, Start
from tests.realworld.programs import User, needs
from tests.story.customers import fetch
from tests.story.processes import APPLICATIONS, Gateway

pytestmark = [pytest.mark.realworld, needs(APPLICATIONS / "pypi-server", APPLICATIONS / "twine")]

WHEEL = "acme_shelf-1.2-py3-none-any.whl"
METADATA = "Metadata-Version: 2.1\nName: acme-shelf\nVersion: 1.2\nSummary: What is on the shelf\n"
TAGS = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def build_wheel(directory: Path) -> Path:
    """Make a wheel with a module and 3 MB of data (its format: PEP 427)."""
    files = {
        "acme_shelf/__init__.py": b"ANSWER = 42\n",
        "acme_shelf/data.bin": os.urandom(3_000_000),
        "acme_shelf-1.2.dist-info/METADATA": METADATA.encode(),
        "acme_shelf-1.2.dist-info/WHEEL": TAGS.encode(),
    }
    record = "acme_shelf-1.2.dist-info/RECORD"
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    with zipfile.ZipFile(directory / WHEEL, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return directory / WHEEL


@dataclass(frozen=True, kw_only=True)
class Index:
    """The index, and the gateway in front of it."""

    packages: Path
    """Where it keeps what is uploaded."""
    gateway: Gateway
    wheel: Path
    """What was uploaded, by twine through the gateway."""

    def pip(self, user: User, command: str, *arguments: str | Path) -> str:
        """Run a pip that reads no settings of the machine, with this index and no other."""
        options = ("--isolated", "--no-cache-dir", "--index-url", f"{self.gateway.url}/simple/")
        # --isolated still reads the system's own file; this variable leaves out every file.
        return user.run(sys.executable, "-m", "pip", command, *options, *arguments, PIP_CONFIG_FILE=os.devnull)


@pytest.fixture(scope="module")
def index(start: Start, gateway_before: GatewayBefore, tmp_path_factory: pytest.TempPathFactory) -> Index:
    """The index with one wheel."""
    directory = tmp_path_factory.mktemp("index")
    packages = directory / "packages"
    packages.mkdir()
    # -v: it says its port. It would answer for packages it does not have with a redirect to the public index.
    options = ["-v", "-i", "127.0.0.1", "-p", "0", "--disable-fallback", "-a", ".", "-P", "."]
    server = start("pypiserver", [APPLICATIONS / "pypi-server", "run", *options, packages], directory=directory)
    gateway = gateway_before(server.out.wait_for(r"^Serving on (http://127\.0\.0\.1:\d+)$")[1])
    wheel = build_wheel(directory)
    User(directory).run(
        APPLICATIONS / "twine",
        "upload",
        "--non-interactive",
        wheel,
        TWINE_REPOSITORY_URL=f"{gateway.url}/",
        TWINE_USERNAME="a",
        TWINE_PASSWORD="b",
    )
    return Index(packages=packages, gateway=gateway, wheel=wheel)


def test_twine_uploads(index: Index) -> None:
    """The file that the index has is the file."""
    assert (index.packages / WHEEL).read_bytes() == index.wheel.read_bytes()
    index.gateway.out.wait_for(r'"POST /" 200 ')


def test_pip_downloads(index: Index, user: User) -> None:
    """The file that pip gets is the file."""
    index.pip(user, "download", "--dest", user.home, "acme-shelf")
    assert (user.home / WHEEL).read_bytes() == index.wheel.read_bytes()
    index.gateway.out.wait_for(rf'"GET /packages/{WHEEL}" 200 {index.wheel.stat().st_size} ')


def test_pip_installs(index: Index, user: User) -> None:
    """By its name and a range; it can be imported."""
    target = user.home / "lib"
    index.pip(user, "install", "--target", target, "acme-shelf>=1,<2")
    code = "import acme_shelf, json; print(json.dumps([acme_shelf.ANSWER, acme_shelf.__file__]))"
    said = user.run(sys.executable, "-c", code, PYTHONPATH=str(target))
    assert json.loads(said) == [42, str(target / "acme_shelf" / "__init__.py")]
    with zipfile.ZipFile(index.wheel) as wheel:
        assert (target / "acme_shelf" / "data.bin").read_bytes() == wheel.read("acme_shelf/data.bin")
    index.gateway.out.wait_for(r'"GET /simple/acme-shelf/" 200 ')


def test_what_the_index_does_not_have(index: Index, user: User) -> None:
    """Its 404 arrives as such: pip says that there is no such package, and does not try again."""
    with pytest.raises(AssertionError, match="No matching distribution found for acme-nothing"):
        index.pip(user, "download", "acme-nothing")
    assert fetch(index.gateway.port, "/simple/").status == 200
    index.gateway.out.wait_for('"GET /simple/" 200 ')  # what pip asked for stands before it
    assert re.findall(r'"GET /simple/acme-nothing/" (\d+) ', index.gateway.out.text) == ["404"]
