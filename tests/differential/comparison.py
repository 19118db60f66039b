"""What must hold between a gateway's log and a server's, and between servers. Each function returns what does not."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from tests.differential.servers import EARLY, WHOLE, Read
from tests.differential.traffic import End, Message, Pair, Told, address_of


def strangers(pair: Pair) -> Iterator[str]:
    """Find requests that the server has read, and the gateway has not forwarded; or that it has read otherwise.

    A request has the id that the gateway has given it: one that was smuggled has none, or one that nobody gave.
    """
    forwarded = {told.id: told for told in pair.told if told.verdict == "forward"}
    seen: set[str] = set()
    unnamed = 0
    for read in pair.read:
        told = forwarded.get(read.id)
        if read.status != WHOLE and not read.id:
            unnamed += 1  # refused before it came to the id
        elif told is None:
            yield f"{read} was not forwarded"
        elif (told.method, told.target) != (read.method, read.target):
            yield f"{read} was forwarded as {told}"
        elif read.id in seen:
            yield f"{read} was read twice"
        seen.add(read.id)
    unseen = [told for told in forwarded.values() if told.id not in seen]
    yield from (f"{told} was answered, and never read" for told in unseen if told.status == WHOLE)
    if unnamed > len(unseen):
        yield f"{unnamed} beginnings were refused, of {len(unseen)} requests that were not read"


def out_of_order(pair: Pair) -> Iterator[str]:
    """Find connections whose requests the server has answered in another order than the gateway has forwarded them."""
    numbers = {read.id: number for number, read in enumerate(pair.read)}
    for address, told in by_client(pair).items():
        order = [numbers[one.id] for one in told if one.status == WHOLE and one.id in numbers]
        if order != sorted(order):
            yield f"{address}: {told}"


def hidden_in_bodies(pair: Pair) -> Iterator[str]:
    """Find requests that stood in the body of another."""
    yield from (str(told) for told in pair.told if "inside" in told.target)
    yield from (str(read) for read in pair.read if "inside" in read.target)


def disagreements(pairs: Sequence[Pair], messages: Mapping[int, Message]) -> Iterator[str]:
    """Find messages that two servers have read in different ways: number, methods, targets and bodies."""
    views = [(pair.name, by_client(pair), {read.id: read for read in pair.read}) for pair in pairs]
    for number, message in messages.items():
        address = address_of(number)
        for (name, told, read), (other_name, other_told, other_read) in combinations(views, 2):
            one, other = told.get(address, []), other_told.get(address, [])
            same = all(_are_alike(a, read.get(a.id), b, other_read.get(b.id)) for a, b in zip(one, other, strict=False))
            if not same or not (len(one) == len(other) or _may_differ(message, min(one, other, key=len))):
                shown = [(t, read.get(t.id)) for t in one]
                other_shown = [(t, other_read.get(t.id)) for t in other]
                yield f"{message}\n  {name}: {shown}\n  {other_name}: {other_shown}"


def by_client(pair: Pair) -> dict[str, list[Told]]:
    """Return what the gateway tells by the clients' addresses."""
    found: dict[str, list[Told]] = defaultdict(list)
    for told in pair.told:
        found[told.client].append(told)
    return found


def _are_alike(told: Told, read: Read | None, other_told: Told, other_read: Read | None) -> bool:
    if (told.verdict, told.method, told.target) != (other_told.verdict, other_told.method, other_told.target):
        return False
    if read is None or other_read is None or not (told.status == other_told.status == WHOLE):
        return True  # one server has refused it, or it was broken off
    return read.body == other_read.body or told.target.startswith(EARLY)


def _may_differ(message: Message, shorter: Sequence[Told]) -> bool:
    """Tell whether a connection may have ended sooner than at another gateway.

    So it does where the client breaks off, and where the server refuses a request, or answers it, before its end.
    """
    last = shorter[-1] if shorter else None
    return message.end is not End.WAIT or (
        last is not None and last.verdict == "forward" and (last.status != WHOLE or last.target.startswith(EARLY))
    )
