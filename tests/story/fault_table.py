"""The fault table: what may go wrong, what must follow, and which tests prove it.

`python -m tests.story.fault_table` prints the tests, for pytest:
`.venv/bin/python -m pytest $(.venv/bin/python -m tests.story.fault_table)`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A fault, what customers and SREs see of it, and the tests by their place and name."""

    fault: str
    customers: str
    sres: str
    tests: tuple[str, ...]


_HERE = "tests/story/test_fault_table.py"
_STORM = "tests/story/test_storm.py"

TABLE = (
    Row(
        fault="PostgreSQL gone",
        customers="traffic as before; scheduled windows still start and end on time",
        sres='panel and API: 503 "state unknown since ...", page still readable; `/ready` stays 200, metrics show the '
        "age",
        tests=(
            f"{_HERE}::test_postgresql_gone",
            f"{_STORM}::test_windows_start_and_end_to_the_request_while_postgresql_is_away",
        ),
    ),
    Row(
        fault="PostgreSQL back, or failed over",
        customers="nothing",
        sres="in step within 2 s",
        tests=(f"{_HERE}::test_postgresql_back", f"{_HERE}::test_postgresql_failed_over"),
    ),
    Row(
        fault="no state at start (no database, no file)",
        customers="`when_unknown`",
        sres="warning in log and metrics",
        tests=(f"{_HERE}::test_no_state_at_start",),
    ),
    Row(
        fault="notification lost, listener frozen",
        customers="at most one probe interval late",
        sres="counted",
        tests=(f"{_HERE}::test_notification_lost", f"{_HERE}::test_listener_frozen"),
    ),
    Row(
        fault="one replica cut off from PostgreSQL",
        customers="it keeps the last state",
        sres="the fence names it and does not hold",
        tests=("tests/story/test_fence.py::test_a_gateway_that_is_cut_off_from_postgresql_does_not_count",),
    ),
    Row(
        fault="replica killed (-9) under load",
        customers="other workers serve; only its own open requests break",
        sres="its row ages out of the fence only by an SRE's word or by its death being certain",
        tests=(
            "tests/story/test_workers.py::test_replica_killed_under_load",
            "tests/story/test_fence.py::test_a_killed_gateway_is_removed_by_its_neighbours",
            "tests/story/test_fence.py::test_a_frozen_gateway_is_named_and_does_not_count",
            f"{_STORM}::test_no_verdict_is_wrong_under_faults",
        ),
    ),
    Row(
        fault="SIGTERM",
        customers="new connections refused after the balancer had time to notice (`/ready` 503), open requests "
        "finished, none reset",
        sres="",
        tests=(
            "tests/story/test_stopping.py::test_balancers_are_told_before_the_ports_are_closed",
            "tests/story/test_stopping.py::test_sigterm_finishes_what_is_under_way",
        ),
    ),
    Row(
        fault="bad settings file, on reload",
        customers="running settings stay",
        sres="the error, with the path of the wrong key",
        tests=("tests/story/test_workers.py::test_wrong_settings_change_nothing",),
    ),
    Row(
        fault="corrupt snapshot file, full or read-only disk",
        customers="traffic as before",
        sres="warning",
        tests=(f"{_HERE}::test_corrupt_snapshot_file", f"{_HERE}::test_full_or_read_only_disk"),
    ),
    Row(
        fault="clock of a host wrong by an hour",
        customers="switches on PostgreSQL's clock",
        sres="",
        tests=(f"{_HERE}::test_clock_wrong_by_an_hour",),
    ),
    Row(
        fault="20,000 waiting customers",
        customers="page and events keep coming",
        sres="",
        tests=("tests/story/test_waiting.py::test_20_000_wait_are_told_and_come_back_evenly",),
    ),
    Row(
        fault="flood of logins, or of API calls",
        customers="no effect on traffic",
        sres="limited, counted, audited",
        tests=("tests/story/test_floods.py::test_a_flood_has_no_effect_on_traffic_and_is_limited_counted_audited",),
    ),
)

if __name__ == "__main__":
    print(*dict.fromkeys(test for row in TABLE for test in row.tests))  # noqa: T201
