"""Putting things into another order."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import ConflictError, InvalidError, NotFoundError
from gateway.domain.ordering import moved, reordered

SIX = list("abcdef")


@given(st.permutations(SIX), st.data())
def test_some_are_put_in_order_and_no_other_one_moves(present: list[str], data: st.DataObject) -> None:
    """Those that are named stand in the order that was given, at the places that they had among the others."""
    wanted = data.draw(st.lists(st.sampled_from(present), unique=True))
    result = reordered(present, wanted, field="slugs", what="component")
    assert [one for one in result if one in wanted] == wanted
    assert [was for was, now in zip(present, result, strict=True) if was not in wanted] == [
        one for one in result if one not in wanted
    ]
    assert all(was == now for was, now in zip(present, result, strict=True) if was not in wanted)


def test_whom_an_order_names_wrongly_is_said() -> None:
    """Each that is not there, and each that is named again."""
    with pytest.raises(InvalidError) as error:
        reordered(SIX, ["a", "x", "a", "y"], field="slugs", what="component")
    assert error.value.fields == {
        "slugs.1": 'there is no component "x"; `gateway component list` shows them',
        "slugs.2": 'names "a" for the second time: name it once',
        "slugs.3": 'there is no component "y"; `gateway component list` shows them',
    }


def test_one_is_moved_right_before_or_after_another_one() -> None:
    """Wherever both stand, the rest keeps its order."""
    for one, other in permutations(SIX, 2):
        rest = [each for each in SIX if each != one]
        before = moved(SIX, one, before=other, after=None, what="component")
        after = moved(SIX, one, before=None, after=other, what="component")
        assert [each for each in before if each != one] == [each for each in after if each != one] == rest
        assert before.index(one) == before.index(other) - 1
        assert after.index(one) == after.index(other) + 1


@pytest.mark.parametrize(
    ("before", "after", "kind", "says"),
    [
        (None, None, InvalidError, "before: name one other component, either here or as `after`"),
        ("a", "b", InvalidError, "before: name one other component, either here or as `after`"),
        ("c", None, ConflictError, "before: is the component itself: name another one"),
        (None, "c", ConflictError, "after: is the component itself: name another one"),
        ("x", None, NotFoundError, 'before: there is no component "x"'),
        (None, "x", NotFoundError, 'after: there is no component "x"'),
    ],
)
def test_a_move_names_exactly_one_other(
    before: str | None, after: str | None, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says):
        moved(SIX, "c", before=before, after=after, what="component")
