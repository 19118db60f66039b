"""What a client that bypasses a gate is told, so that nobody takes what it sees for what customers get.

The answer of the application carries a field, `Gateway-Bypass`; its body is never touched. `/bypass.json` says the
same to `/embed.js`, for a page of the application that includes that script and shows a ribbon.
"""

import json
from email.utils import formatdate
from typing import TYPE_CHECKING

from gateway.domain.snapshot import Moment
from gateway.domain.verdict import Facts, barring, is_never_gated, passes
from gateway.domain.window import Gate
from gateway.edge.waiting import refused_question, target_of
from gateway.http1.request import RequestHead
from gateway.http1.structured import date_item, text_item
from gateway.render.wording import rfc3339

if TYPE_CHECKING:
    from gateway.edge.front import Front

# A method that every gate keeps out.
_WRITE = b"POST"


def field(front: "Front", request: RequestHead, client: str, moment: Moment, began: float) -> bytes:
    r"""Return what marks the answer to a request which bypasses a window: `\r\nGateway-Bypass: ...\r\n`.

    The value is an Item (RFC 9651) with parameters: `link;name="QA team";until=@1796162400;window="0b6f..."`, or
    `network;window="0b6f..."`. No window is named where the state is not known.
    """
    facts = front.facts_at(began, request, client, moment)
    window = barring(facts, moment)
    bypass = facts.bypass
    value = b"network"
    if bypass is not None:
        until = date_item(int(bypass.expires_at.timestamp()))
        value = b"link;name=%b;until=%b" % (text_item(bypass.name), until)
    if window is not None:
        value += b";window=%b" % text_item(str(window.id))
    return b"\r\nGateway-Bypass: %b\r\n" % value


def answer(front: "Front", request: RequestHead, client: str, moment: Moment, began: float) -> tuple[bytes, int]:
    """Return the answer to `/bypass.json?for=/path`, and its status: what the client bypasses on that page."""
    if refusal := refused_question(front.answers, request, (b"GET", b"HEAD")):
        return refusal
    facts = front.facts_at(began, request, client, moment)
    facts.path, facts.method = target_of(request).path or b"/", _WRITE
    body = json.dumps(_document(front, facts, moment)).encode() + b"\n"
    head = (
        b"HTTP/1.1 200 OK\r\nDate: %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Robots-Tag: noindex\r\n\r\n"
        % (formatdate(front.state.clock.timestamp(), usegmt=True).encode(), len(body))
    )
    return head if request.method == b"HEAD" else head + body, 200


def _document(front: "Front", facts: Facts, moment: Moment) -> dict[str, object]:
    """Say what the client bypasses; `bypass` is null where it is treated as any customer is."""
    window = barring(facts, moment)
    is_gated = moment.gates and (window is not None or moment.snapshot is None)
    if not is_gated or is_never_gated(facts, front.exemptions) or not passes(facts, front.exemptions):
        return {"bypass": None}
    link, prefix = facts.bypass, front.prefix.decode()
    return {
        "bypass": {
            "by": "network" if link is None else "link",
            "name": link and link.name,
            "expires_at": link and rfc3339(link.expires_at),
            "leave": f"{prefix}/bypass/leave",
        },
        "gate": window.gate if window else Gate.CLOSED,
        "window": window and {"title": window.title, "url": f"{prefix}/windows/{window.id}"},
    }
