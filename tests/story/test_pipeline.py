"""A deployment by `deploy/pipeline/maintenance-window`, on real gateways: a migration that nobody's request meets."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import pytest
import yaml

from tests.commands.cli import LONGEST, ROOT, Done, run_gateway
from tests.postgres import PROGRAMS, Postgres, psql
from tests.story.conftest import StartGateway
from tests.story.crowd import Crowd
from tests.story.customers import fetch
from tests.story.processes import Gateway, Program, eventually, port_of

pytestmark = pytest.mark.story

SCRIPT = ROOT / "deploy" / "pipeline" / "maintenance-window"

# What the first step breaks for release 1 stays broken until the last but one.
MIGRATION = """
set -e
date +%s.%N >began
"$PSQL" -qv ON_ERROR_STOP=1 -d "$GOODS" -c 'alter table goods rename column name to title'
"$PSQL" -qv ON_ERROR_STOP=1 -d "$GOODS" -c 'update goods set price = price * 2'
"$PSQL" -qv ON_ERROR_STOP=1 -d "$GOODS" -c 'create index on goods (title, price)'
echo 2 >release
date +%s.%N >ended
echo "migrated in $GATEWAY_WINDOW"
"""
WAITS = "echo begun; until [ -e go ]; do sleep 0.05; done"


@dataclass(frozen=True, kw_only=True)
class Shop:
    """An application with a database of its own, behind two gateways, the first with two workers; and a pipeline."""

    directory: Path
    database_url: str
    goods_url: str
    upstream: str
    gateways: list[Gateway]
    variables: dict[str, str]
    steps: list[Program] = field(default_factory=list)

    def step(self, *arguments: str, **variables: str) -> Program:
        """Begin a pipeline's step."""
        step = Program("step", [SCRIPT, *arguments], directory=self.directory, variables=self.variables | variables)
        self.steps.append(step)
        return step

    def command(self, *arguments: str) -> Done:
        return run_gateway(self.directory, *arguments, **self.variables)

    def latest(self) -> dict[str, Any]:
        """Return the window that has started last."""
        (found,) = self.command("window", "list", "--limit", "1", "--json").json
        window: dict[str, Any] = self.command("window", "show", found["id"], "--json").json
        return window

    def is_open(self) -> bool:
        """Tell whether customers reach the application through every gateway."""
        return all(fetch(gateway.port, "/goods").status == 200 for gateway in self.gateways)

    def requests(self) -> list[dict[str, float]]:
        """Return what the application has served, by its own log."""
        return [json.loads(line) for line in (self.directory / "requests").read_text().splitlines()]

    def file(self, name: str) -> str:
        """Return what a command has written."""
        return (self.directory / name).read_text().strip()


def in_time(window: dict[str, Any]) -> float:
    """Return when a window has ended, in seconds since the epoch."""
    return datetime.fromisoformat(window["ended_at"]).timestamp()


@pytest.fixture(scope="module")
def open_shop(postgres: Postgres, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    directory = tmp_path_factory.mktemp("pipeline")
    goods, own = postgres.create(), postgres.create(template)
    goods_url, database_url = postgres.url(goods), postgres.url(own)
    psql(
        goods_url,
        "create table goods (id integer primary key, name text, price integer);"
        "insert into goods select i, 'Lantern ' || i, i from generate_series(1, 200000) i",
    )
    (directory / "release").write_text("1\n")
    (directory / "slow").write_text("0")
    with ExitStack() as stack:
        stack.callback(postgres.drop, own)
        stack.callback(postgres.drop, goods)
        program = [sys.executable, ROOT / "tests/story/goods.py", goods_url, directory]
        application = Program("goods", program, directory=directory)
        stack.callback(application.end)
        upstream = f"http://127.0.0.1:{port_of(application)}"
        gateways = []
        for workers in ("2", "1"):
            gateways.append(
                Gateway(
                    f"gateway of {workers}",
                    directory,
                    DATABASE__URL=database_url,
                    UPSTREAM__URL=upstream,
                    SERVER__WORKERS=workers,
                    MAINTENANCE__SNAPSHOT_FILE=str(directory / f"{workers}.json"),
                )
            )
            stack.callback(gateways[-1].end)
        for gateway in gateways:
            gateway.listening()
        made = run_gateway(directory, "token", "create", "pipeline", "--scope", "write", DATABASE_URL=database_url)
        assert made.code == 0, made
        yield Shop(
            directory=directory,
            database_url=database_url,
            goods_url=goods_url,
            upstream=upstream,
            gateways=gateways,
            variables={
                "GATEWAY_URL": gateways[0].url,
                "GATEWAY_TOKEN": made.out.strip(),
                "PATH": f"{with_gateway(directory)}:{os.environ['PATH']}",
                "GOODS": goods_url,
                "PSQL": str(PROGRAMS / "psql"),
            },
        )


@pytest.fixture
def shop(open_shop: Shop) -> Iterator[Shop]:
    """The shop, without windows and without what an earlier test has written."""
    for name in ("began", "ended", "go", "id"):
        (open_shop.directory / name).unlink(missing_ok=True)
    yield open_shop
    for step in open_shop.steps:
        step.end()
    psql(open_shop.database_url, "delete from windows")
    eventually(open_shop.is_open)


def with_gateway(directory: Path) -> Path:
    """Make a directory that has the command `gateway`, of this checkout."""
    programs = directory / "bin"
    programs.mkdir()
    command = programs / "gateway"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m gateway "$@"\n')
    command.chmod(0o755)
    return programs


def test_no_request_meets_the_migration(shop: Shop) -> None:
    """Start, wait for the fence, migrate under load, end: the application saw nobody; everybody got an answer."""
    crowds = [Crowd(gateway.port, "/goods", keeping=2, new=1) for gateway in shop.gateways]
    with ExitStack() as stack:
        for crowd in crowds:
            stack.enter_context(crowd)
        eventually(lambda: all(crowd.statuses[200] > 50 for crowd in crowds))
        pool = stack.enter_context(ThreadPoolExecutor())
        slow = [pool.submit(fetch, gateway.port, "/goods?for=3") for gateway in shop.gateways]
        eventually(lambda: shop.file("slow") == "2")
        step = shop.step("--title", "New schema", "--for", "10m", "--id-file", "id", "--", "sh", "-c", MIGRATION)
        assert step.ended() == 0, step.log
        served = [crowd.statuses[200] for crowd in crowds]
        eventually(lambda: all(crowd.statuses[200] > before + 50 for crowd, before in zip(crowds, served, strict=True)))
    assert [each.result().status for each in slow] == [200, 200]
    began, ended = float(shop.file("began")), float(shop.file("ended"))
    requests = shop.requests()
    assert [each for each in requests if each["ended"] >= began and each["began"] <= ended] == []
    assert {each["status"] for each in requests} == {200}
    assert requests[0]["began"] < began < ended < requests[-1]["ended"]
    for crowd in crowds:
        assert crowd.broken == []
        assert {*crowd.statuses} == {200, 503}
    window = shop.latest()
    assert (window["state"], window["fixed"], window["updates"]) == ("ended", True, [])
    assert step.out.text == f"migrated in {window['id']}\n"
    assert not (shop.directory / "id").exists()
    assert psql(shop.goods_url, "select title, price from goods where id = 7") == "Lantern 7|14"


def test_a_command_that_fails_ends_the_window(shop: Shop) -> None:
    """Its exit code is passed on; customers come back, and read that the work was stopped."""
    step = shop.step("--title", "New schema", "--", "sh", "-c", "cat; exit 7")
    assert step.ended() == 7
    window = shop.latest()
    assert (window["state"], window["fixed"]) == ("ended", False)
    (update,) = window["updates"]
    assert (update["status"], "The service is available again" in update["body"]) == ("cancelled", True)
    assert "the command failed (exit code 7)" in step.err.text
    assert shop.is_open()


def test_a_failure_can_keep_customers_away(shop: Shop) -> None:
    """`--on-failure keep`: the window stays until somebody ends it; how to is told, and the id kept."""
    options = ["--on-failure", "keep", "--failure-text", "We *repair* it.", "--id-file=id"]
    step = shop.step("--title", "New schema", *options, "--", "false")
    assert step.ended() == 1
    window = shop.latest()
    assert (window["state"], shop.file("id")) == ("active", window["id"])
    assert [(each["status"], each["body"]) for each in window["updates"]] == [("in_progress", "We *repair* it.")]
    assert f"`gateway window end {window['id']}` ends it" in step.err.text
    assert not shop.is_open()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_cancelled_pipeline_ends_the_window(shop: Shop, number: signal.Signals, code: int) -> None:
    """But first the command, which is told to: it has the time to tidy up that it takes."""
    tidies = "trap 'sleep 0.5; date +%s.%N >ended; exit 0' TERM; echo begun; while :; do sleep 0.05; done"
    step = shop.step("--title", "New schema", "--", "sh", "-c", tidies)
    step.out.wait_for("begun")
    assert step.stop(number) == code
    window = shop.latest()
    assert (window["state"], window["fixed"], len(window["updates"])) == ("ended", False, 1)
    assert float(shop.file("ended")) < in_time(window)
    assert shop.is_open()


def test_nothing_of_a_cancelled_command_runs_on(shop: Shop) -> None:
    """What it has started, and what does not listen, is ended before customers come back."""
    stubborn = "(trap '' TERM; exec sleep 1000) & echo $! >began; echo begun; wait"
    step = shop.step("--title", "New schema", "--", "sh", "-c", stubborn)
    step.out.wait_for("begun")
    stubborn_one = psutil.Process(int(shop.file("began")))
    assert step.stop() == 143
    # Where nobody reaps orphans, the dead ones stay listed.
    assert not stubborn_one.is_running() or stubborn_one.status() == psutil.STATUS_ZOMBIE
    assert shop.latest()["state"] == "ended"


def test_cancelled_before_the_command_begins(shop: Shop) -> None:
    """While it waits for an older request: the window ends, the command is not run, whatever --on-failure says."""
    with hanging(shop):
        step = shop.step("--title", "New schema", "--on-failure", "keep", "--", "touch", "began")
        step.err.wait_for("1 request left in the application")
        assert step.stop() == 143
    window = shop.latest()
    assert (window["state"], window["updates"][0]["body"]) == (
        "ended",
        "The planned work did not begin. The service is available as usual.",
    )
    assert not (shop.directory / "began").exists()


def test_waited_in_vain(shop: Shop) -> None:
    """A request of before that hangs: exit code 3, which request is missing, the command not run, the window ended."""
    with hanging(shop):
        step = shop.step("--title", "New schema", "--wait-drained", "0.5s", "--", "touch", "began")
        assert step.ended() == 3
    assert "waited 0.5s in vain: 3 of 3 gateways gate, 1 request left in the application" in step.err.text
    assert "the command was not run" in step.err.text
    assert (shop.latest()["state"], (shop.directory / "began").exists()) == ("ended", False)
    assert shop.is_open()


def test_a_gateway_that_restarts_is_asked_again(
    shop: Shop, start_gateway: StartGateway, free_port: Callable[[], int]
) -> None:
    """The window would keep customers away for good: its end is tried again and again."""
    port = free_port()

    def start() -> Gateway:
        return start_gateway(
            shop.directory,
            DATABASE__URL=shop.database_url,
            UPSTREAM__URL=shop.upstream,
            SERVER__LISTEN=f"127.0.0.1:{port}",
            MAINTENANCE__SNAPSHOT_FILE=str(shop.directory / "third.json"),
        ).listening()

    gateway = start()
    step = shop.step("--title", "New schema", "--", "sh", "-c", WAITS, GATEWAY_URL=gateway.url)
    step.out.wait_for("begun")
    assert gateway.stop() == 0
    (shop.directory / "go").touch()
    step.err.wait_for("nothing answers")
    start()
    assert step.ended() == 0
    assert (shop.latest()["state"], shop.latest()["fixed"]) == ("ended", True)


def test_somebody_else_may_end_the_window(shop: Shop) -> None:
    """In the panel, while the command runs: that is told, and is no failure."""
    step = shop.step("--title", "New schema", "--id-file", "id", "--", "sh", "-c", WAITS)
    step.out.wait_for("begun")
    assert shop.command("window", "end", shop.file("id")).code == 0
    (shop.directory / "go").touch()
    assert step.ended() == 0
    assert "the window was over before" in step.err.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--title", "x"], "what shall be run is missing: -- COMMAND"),
        (["--title", "x", "--"], "what shall be run is missing after --"),
        (["--title", "x", "--on-failure", "open", "--", "true"], "--on-failure is end or keep, not 'open'"),
        (["--title", "x", "--id-file", "--", "true"], "--id-file takes a value"),
        (["--title", "x", "--id-file", "none/id", "--", "true"], "--id-file none/id can't be written"),
        (["--title", "x", "--json", "--", "true"], "--json is not for this"),
        (["--title", "x", "--", "no-such-command"], "there is no command 'no-such-command' to run"),
        (["--", "true"], "--title is missing"),
        (["--title", "x", "--wait-drained", "soon", "--", "true"], "'soon' is not a duration"),
        (["--title", "x", "--gate", "none", "--", "true"], "--wait-drained takes a window that gates"),
        (["--title", "x", "--", "true"], "no token: set GATEWAY_TOKEN"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Exit code 2, before any window starts."""
    done = run_script(tmp_path, arguments, f"{with_gateway(tmp_path)}:{os.environ['PATH']}")
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True), done


def test_without_the_command_gateway(tmp_path: Path) -> None:
    """It says how to get it."""
    done = run_script(tmp_path, ["--title", "x", "--", "true"], "/usr/bin:/bin")
    assert (done.returncode, "pip install maintenance-gateway" in done.stderr) == (2, True), done


class Recipe(NamedTuple):
    """What a CI would run of a recipe: the script that begins a step, and the one that comes after it, always."""

    step: str
    after: str


def recipe(name: str) -> Recipe:
    """Read a recipe as its CI does."""
    read = yaml.safe_load((SCRIPT.parent / name).read_text())
    if name == "gitlab-ci.yml":
        return Recipe("\n".join(read["deploy"]["script"]), "\n".join(read["deploy"]["after_script"]))
    *_, step, after = read["jobs"]["deploy"]["steps"]
    assert after["if"] == "always()"
    return Recipe(step["run"], after["run"])


@pytest.fixture
def checkout(shop: Shop, tmp_path: Path) -> Path:
    """A repository as the recipes expect it, with a migration that waits for a word."""
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / SCRIPT.name).symlink_to(SCRIPT)
    (tmp_path / ".gateway-command").symlink_to(shop.directory)
    migrate = tmp_path / "migrate"
    migrate.write_text(f"#!/bin/sh\n{WAITS}\n")
    migrate.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("name", ["github-actions.yml", "gitlab-ci.yml"])
def test_the_recipes_work(shop: Shop, checkout: Path, name: str) -> None:
    """Their own lines, in bash: to the end; and killed halfway, when the last step ends the window."""
    lines = recipe(name)

    def begin(script: str) -> Program:
        variables = shop.variables | {"RUNNER_TEMP": str(checkout)}
        step = Program(name, ["bash", "-e", "-c", script], directory=checkout, variables=variables)
        shop.steps.append(step)
        return step

    step = begin(lines.step)
    step.out.wait_for("begun")
    assert not shop.is_open()
    (checkout / "go").touch()
    assert step.ended() == 0, step.log
    assert (shop.latest()["state"], shop.latest()["fixed"]) == ("ended", True)
    assert begin(lines.after).ended() == 0

    (checkout / "go").unlink()
    step = begin(lines.step)
    step.out.wait_for("begun")
    step.kill()
    assert not shop.is_open()
    after = begin(lines.after)
    assert after.ended() == 0, after.log
    assert (shop.latest()["state"], shop.latest()["fixed"]) == ("ended", False)


def run_script(directory: Path, arguments: Sequence[str], path: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [SCRIPT, *arguments],
        cwd=directory,
        env=variables,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


@contextmanager
def hanging(shop: Shop) -> Iterator[None]:
    """Have one request of before in the application, which hangs until the customer leaves."""
    with closing(socket.create_connection(("127.0.0.1", shop.gateways[1].port), timeout=LONGEST)) as connection:
        connection.sendall(b"GET /hangs HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        eventually((shop.directory / "hangs").exists)
        (shop.directory / "hangs").unlink()
        yield
