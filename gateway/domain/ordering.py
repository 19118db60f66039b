"""Putting things that stand in an order into another one."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

from gateway.domain.errors import ConflictError, InvalidError, NotFoundError

T = TypeVar("T", bound=Hashable)


def reordered(present: Sequence[T], wanted: Sequence[T], *, field: str, what: str) -> list[T]:
    """Return `present` with those of `wanted` in that order, at the places that they have among the others.

    So a part can be put in order (the components of a group), and no other one moves.

    Raises:
        InvalidError: `field`.N is no `what`, or is named a second time.
    """
    known, chosen, wrong = set(present), set[T](), dict[str, str]()
    for place, one in enumerate(wanted):
        if one not in known:
            wrong[f"{field}.{place}"] = f'there is no {what} "{one}"; `gateway {what} list` shows them'
        elif one in chosen:
            wrong[f"{field}.{place}"] = f'names "{one}" for the second time: name it once'
        chosen.add(one)
    if wrong:
        raise InvalidError(wrong)
    queue = iter(wanted)
    return [next(queue) if one in chosen else one for one in present]


def moved(present: Sequence[T], one: T, *, before: T | None, after: T | None, what: str) -> list[T]:
    """Return `present` with `one` right before or right after another one.

    Raises:
        InvalidError: not exactly one of `before` and `after` is given.
        NotFoundError: it is no `what`.
        ConflictError: it is `one` itself.
    """
    if (before is None) == (after is None):
        raise InvalidError({"before": f"name one other {what}, either here or as `after`"})
    field, other = ("before", before) if before is not None else ("after", after)
    if other == one:
        raise ConflictError(f"{field}: is the {what} itself: name another one")
    if other not in present:
        raise NotFoundError(f'{field}: there is no {what} "{other}"')
    rest = [each for each in present if each != one]
    place = next(index for index, each in enumerate(rest) if each == other) + (field == "after")
    return [*rest[:place], one, *rest[place:]]
