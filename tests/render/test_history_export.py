"""The history for export: what is written is read back, and nothing is computed by whoever opens it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.statistics import WindowStatistics
from gateway.domain.window import Gate, Kind
from gateway.render.history_export import COLUMNS, csv_head, csv_rows, harmless


def window(title: str) -> WindowStatistics:
    return WindowStatistics(
        id=UUID(int=1),
        kind=Kind.DOWNTIME,
        title=title,
        gate=Gate.CLOSED,
        components=("api", "database"),
        fixed=True,
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        ended_at=datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC),
        first_estimate=timedelta(minutes=30),
        estimated_duration=timedelta(days=2),
        real_duration=timedelta(seconds=1.5),
        refused_requests=0,
        distinct_clients=0,
        is_at_least=False,
        counted_until=None,
    )


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40))
def test_what_is_written_is_read_back(title: str) -> None:
    """Quotes, commas, line ends of any sort; where a title looked like a formula, with the apostrophe."""
    text = (csv_head() + csv_rows([window(title), window("next")])).decode()
    head, row, following = csv.reader(io.StringIO(text, newline=""))
    assert tuple(head) == COLUMNS
    assert len(row) == len(following) == len(COLUMNS)
    assert row[2] == harmless(title)
    assert row[2].removeprefix("'") == title.removeprefix("'")


@pytest.mark.parametrize(
    "title", ['=HYPERLINK("https://evil.example")', "+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1"]
)
def test_what_looks_like_a_formula_is_harmless(title: str) -> None:
    """Titles come from whoever holds a token: a spreadsheet must not compute them (OWASP, CSV injection)."""
    assert harmless(title) == f"'{title}"


def test_other_texts_are_left_as_they_are() -> None:
    for title in ("Upgrade", "2 = 1 + 1", "a@b", "", "'quoted'"):
        assert harmless(title) == title


def test_lengths_are_seconds_and_instants_are_exact() -> None:
    line = csv_rows([window("x")]).decode()
    assert line == (
        "00000000-0000-0000-0000-000000000001,downtime,x,closed,api database,true,2026-01-01T00:00:00Z,"
        "2026-01-01T00:00:01.500000Z,1800.0,172800.0,1.5,0.001,0,0,false,\r\n"
    )
