"""The peers: each one process, on one core, with its access log in a file.

All of them keep their upstream connections alive, preserve Host, set X-Forwarded-For and X-Forwarded-Proto, and
compress nothing. Otherwise they are set up as an operator would: defaults stay where nothing speaks against them.
"""

from bench.peers.aiohttp import PlainAiohttp
from bench.peers.caddy import Caddy
from bench.peers.envoy import Envoy
from bench.peers.gateway import Gateway
from bench.peers.haproxy import HAProxy
from bench.peers.nginx import Nginx
from bench.peers.peer import Peer

__all__ = ["PEERS", "Gateway", "Peer"]

PEERS: tuple[Peer, ...] = (Nginx(), HAProxy(), Envoy(), Caddy(), PlainAiohttp(), Gateway())
