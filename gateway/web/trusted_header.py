"""Who asks, by the word of an authenticating proxy in front. Its counterpart is the session cookie of `auth.py`."""

from ipaddress import ip_address

from aiohttp import web

from gateway.domain.errors import ForbiddenError
from gateway.store.operators import Operator
from gateway.web.keys import SERVICES, SETTINGS


async def header_operator(request: web.Request) -> Operator | None:
    """Return the operator whom a trusted proxy names; None where none does.

    Raises:
        ForbiddenError: the proxy names nobody who may use the panel, or more than one.
    """
    setting = request.app[SETTINGS].admin.trusted_header
    values = request.headers.getall(setting.name, []) if setting.name else []
    if not values or not _is_trusted(request):
        return None
    if len(values) > 1:  # the proxy let a client's own pass
        raise ForbiddenError(f"the proxy sent {setting.name} {len(values)} times; let it remove what clients send")
    operator = await request.app[SERVICES].operators.named_by_proxy(values[0])
    if operator is None:
        raise ForbiddenError(
            "the proxy has signed you in, but no operator with your e-mail address may use this panel; "
            "an administrator can add you (`gateway user add EMAIL --role ROLE`)"
        )
    return operator


def _is_trusted(request: web.Request) -> bool:
    """Tell whether who opened the connection is a trusted proxy; X-Forwarded-For plays no part in it."""
    peer = request.get_extra_info("direct_peer")
    if not peer:  # a unix socket has no address
        return False
    networks = request.app[SETTINGS].admin.trusted_header.networks
    return any(ip_address(peer) in network for network in networks)
