"""The proxy that most people would write with aiohttp."""

import sys
from importlib.metadata import version

from bench.lab import CHECKOUT, Lab, Server, free_port
from bench.peers.peer import Peer


class PlainAiohttp(Peer):
    """The proxy of `plain_aiohttp.py`."""

    name = "aiohttp"

    def version(self) -> str:
        """Return aiohttp's version."""
        return version("aiohttp")

    def forward(self, lab: Lab, upstream: Server) -> Server:
        """Forward through a `ClientSession`."""
        return self._start(lab, "--upstream", upstream.url(""))

    def refuse(self, lab: Lab, page: bytes) -> Server:
        """Answer from a handler."""
        file = lab.directory / "aiohttp-page.html"
        file.write_bytes(page)
        return self._start(lab, "--page", str(file))

    def _start(self, lab: Lab, *job: str) -> Server:
        port = free_port()
        command = [sys.executable, "-m", "bench.plain_aiohttp", "--port", str(port), *job]
        return lab.start(self.name, command, port=port, cores=lab.proxy_cores, directory=CHECKOUT)
