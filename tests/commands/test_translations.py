"""Texts in other languages by the commands: real processes against the built-in application and a real PostgreSQL."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.access import TokenScope
from gateway.web.keys import Services
from tests.commands.cli import Shell, refused
from tests.observed import Observations
from tests.web.caller import token_of
from tests.web.panel import ClientMaker, application

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).replace(second=0, microsecond=0).isoformat()


@pytest.fixture
async def shell(tmp_path: Path, aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Shell:
    client = await aiohttp_client(application(services, observations))
    token = await token_of(services, TokenScope.WRITE)
    return Shell(tmp_path, {"GATEWAY_URL": str(client.make_url("/")), "GATEWAY_TOKEN": token})


async def translations(shell: Shell, window_id: str) -> Any:
    return (await shell("window", "show", window_id, "--json")).json["translations"]


async def test_a_window_is_started_in_several_languages(shell: Shell) -> None:
    """`show` tells each text; of a language that is given twice the last one counts."""
    line = ["--title-in", "de", "Irrtum", "--title-in", "de", "Wartung", "--description-in", "de", "Kurz **weg**"]
    started = await shell("window", "start", "--title", "Upgrade", *line, "--title-in", "fr", "Mise à jour")
    assert (started.code, len(started.out.splitlines())) == (0, 1)
    window_id = started.out.strip()
    assert await translations(shell, window_id) == {
        "de": {"title": "Wartung", "description": "Kurz **weg**"},
        "fr": {"title": "Mise à jour", "description": ""},
    }
    shown = (await shell("window", "show", window_id)).out
    for name, text in (
        ("title in de", "Wartung"),
        ("description in de", "Kurz **weg**"),
        ("title in fr", "Mise à jour"),
    ):
        assert re.search(rf"^{name} +{re.escape(text)}$", shown, re.MULTILINE), shown
    assert "description in fr" not in shown


async def test_an_edit_changes_what_is_given(shell: Shell) -> None:
    """Other languages stay, and so does the other text of one; what has changed is told by its name."""
    line = ["--title-in", "de", "Wartung", "--description-in", "de", "Kurz weg", "--title-in", "fr", "Mise à jour"]
    window_id = (await shell("window", "schedule", "--title", "Upgrade", "--at", TOMORROW, *line)).out.strip()
    french = {"title": "Mise à jour", "description": ""}
    for given, german, told in (
        (["--title-in", "de", "Umbau"], {"title": "Umbau", "description": "Kurz weg"}, "title in de"),
        (["--description-in", "de", "Weg"], {"title": "Umbau", "description": "Weg"}, "description in de"),
        (["--description-in", "de", ""], {"title": "Umbau", "description": ""}, "description in de"),
        (["--title", "Other"], {"title": "Umbau", "description": ""}, "title"),
    ):
        done = await shell("window", "edit", window_id, *given)
        assert (done.code, f"is changed: {told}\n" in done.err) == (0, True), done
        assert await translations(shell, window_id) == {"de": german, "fr": french}


async def test_an_empty_title_takes_its_language_away(shell: Shell) -> None:
    """With its description; of a language that is not there, nothing is taken away."""
    line = ["--title-in", "de", "Wartung", "--description-in", "de", "Kurz weg", "--title-in", "fr", "Mise à jour"]
    window_id = (await shell("window", "schedule", "--title", "Upgrade", "--at", TOMORROW, *line)).out.strip()
    done = await shell("window", "edit", window_id, "--title-in", "de", "", "--title-in", "es", "")
    assert done.code == 0, done
    assert await translations(shell, window_id) == {"fr": {"title": "Mise à jour", "description": ""}}


async def test_a_series_has_them_for_all_its_windows(shell: Shell) -> None:
    line = ["--every", "FREQ=DAILY;COUNT=2", "--time-zone", "UTC", "--title-in", "de", "Wartung"]
    made = await shell("window", "schedule", "--title", "Upgrade", "--at", TOMORROW, *line, "--json")
    series = made.json["recurrence"]["series"]
    assert (await shell("series", "edit", series, "--title-in", "fr", "Mise à jour")).code == 0
    shown = (await shell("series", "show", series)).out
    assert re.search(r"^title in de +Wartung\ntitle in fr +Mise à jour$", shown, re.MULTILINE), shown
    for window in (await shell("window", "list", "--json")).json:
        assert {tag: text["title"] for tag, text in window["translations"].items()} == {
            "de": "Wartung",
            "fr": "Mise à jour",
        }


async def test_an_update_is_posted_in_several_languages(shell: Shell) -> None:
    window_id = (await shell("window", "start", "--title", "Upgrade")).out.strip()
    line = ["--status", "verifying", "Nearly.", "--body-in", "de", "Fast fertig.", "--body-in", "fr", "Presque."]
    posted = await shell("window", "post", window_id, *line, "--json")
    assert posted.json["updates"][0]["translations"] == {"de": "Fast fertig.", "fr": "Presque."}
    shown = (await shell("window", "show", window_id)).out
    assert [line.split() for line in shown.splitlines()[-2:]] == [
        ["in", "de", "Fast", "fertig."],
        ["in", "fr", "Presque."],
    ]


async def test_what_is_wrong_is_told_by_the_option_and_the_language(shell: Shell) -> None:
    """By the one that is missing, too; nothing is made or changed."""
    window_id = (await shell("window", "start", "--title", "Upgrade")).out.strip()
    start, edit = ("window", "start", "--title", "x"), ("window", "edit", window_id)
    for line, said in (
        ((*start, "--title-in", "de", "x" * 201), "--title-in de: must have at most 200 characters"),
        ((*start, "--title-in", "de", ""), "--title-in de: must not be empty"),
        ((*start, "--description-in", "de", "x"), "--title-in de: is missing: it is needed"),
        ((*edit, "--description-in", "de", "x"), "--title-in de: is missing: it is needed"),
        (
            (*edit, "--title-in", "fr", "x", "--description-in", "fr", "x" * 20_001),
            "--description-in fr: must have at most",
        ),
        (
            ("window", "post", window_id, "--status", "resolved", "x", "--body-in", "de", ""),
            "--body-in de: must not be",
        ),
    ):
        done = await shell(*line)
        assert refused(done, 1, said), done
    (window,) = (await shell("window", "list", "--json")).json
    assert (window["translations"], window["updates"]) == ({}, [])


async def test_templates_say_it_in_several_languages(shell: Shell) -> None:
    """What is not given in an edit stays, and an empty text takes its language away."""
    line = ["--title", "{{what}} is down", "--title-in", "de", "{{what}} fällt aus", "--title-in", "fr", "Panne"]
    assert (await shell("template", "add", "outage", "--name", "Outage", *line)).code == 0
    edited = await shell(
        "template", "edit", "outage", "--title-in", "fr", "", "--description-in", "de", "Weg", "--json"
    )
    assert edited.json["window"]["translations"] == {"de": {"title": "{{what}} fällt aus", "description": "Weg"}}
    started = await shell("window", "start", "--template", "outage", "--var", "what=X", "--json")
    assert started.json["translations"] == {"de": {"title": "X fällt aus", "description": "Weg"}}
    line = ["--status", "resolved", "--body", "Over.", "--body-in", "de", "Vorbei.", "--body-in", "fr", "Fini."]
    assert (await shell("template", "add", "over", "--name", "Over", *line)).code == 0
    edited = await shell("template", "edit", "over", "--body-in", "de", "", "--body-in", "es", "Ya está.", "--json")
    assert edited.json["update"]["translations"] == {"fr": "Fini.", "es": "Ya está."}
    assert re.search(r"^in es +Ya está\.\nin fr +Fini\.$", (await shell("template", "show", "over")).out, re.MULTILINE)
    posted = await shell("window", "post", started.json["id"], "--template", "over", "--json")
    assert posted.json["updates"][0]["translations"] == {"fr": "Fini.", "es": "Ya está."}
