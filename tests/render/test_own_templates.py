"""Templates of the product's own: file by file, tried at the start, and never a reason for a page to be missing."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.config.settings import Page, Settings
from gateway.domain.errors import InvalidError
from gateway.domain.observation import TemplateFailed
from gateway.render.branding import read_branding
from gateway.render.environment import style_hash
from gateway.render.look import Branding
from gateway.render.own_templates import page_templates
from gateway.render.pages import content_security_policy, gated_page, status_html
from gateway.render.template_check import sample_pages
from tests.observed import Observations
from tests.render.samples import BRANDING, EN, UNKNOWN, busy

Own = Callable[[dict[str, str]], Branding]


@pytest.fixture
def own(tmp_path: Path, observations: Observations) -> Own:
    def write(files: dict[str, str]) -> Branding:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return read_branding(Settings(page=Page(templates=str(tmp_path))), observations)

    return write


def refused(own: Own, files: dict[str, str]) -> str:
    with pytest.raises(InvalidError) as error:
        own(files)
    return error.value.fields["page.templates"]


def test_a_file_takes_the_place_of_ours(own: Own) -> None:
    """That one and no other; ours stays within reach, to be extended."""
    branding = own(
        {
            "status/gated.html": '{% extends "default/status/gated.html" %}'
            '{% block foot %}{{ super() }}{% include "mine/motto.html" %}{% endblock %}',
            "mine/motto.html": "<p>Back soon, {{ page.branding.product }}</p>",
        }
    )
    gated = gated_page(busy(), branding, EN).decode()
    assert "Back soon, Our product" in gated
    assert "Status page</a>" in gated
    assert "Back soon" not in status_html(busy(), branding, EN).decode()


def test_the_frame_of_ones_own_is_that_of_every_page(own: Own) -> None:
    """What ours extend, they extend: a base.html is enough to change them all."""
    branding = own({"base.html": '{% extends "default/base.html" %}{% block top %}Hello{% endblock %}'})
    assert all(
        "Hello" in body.decode() for body in (gated_page(busy(), branding, EN), status_html(busy(), branding, EN))
    )


def test_the_policy_follows_a_style_sheet_of_ones_own(own: Own) -> None:
    """The page carries it, in place of that one of ours alone, and the policy has its hash."""
    branding = own({"assets/page.css": "/* Mine */ main { color: var(--ink) }"})
    (style,) = re.findall(r"<style>(.*?)</style>", gated_page(busy(), branding, EN).decode(), re.DOTALL)
    assert style.endswith("main { color: var(--ink) }")
    assert "--paper: #f5f6f4" in style
    assert f"style-src {style_hash(style)} 'sha256-" in content_security_policy(branding)


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"status/gated.html": "\n{% if %}"}, "status/gated.html, line 2: Expected an expression"),
        ({"status/gated.html": "x\n\n{{ page.nothing }}"}, "status/gated.html, line 3: "),
        ({"status/gated.html": '{% extends "status/gated.html" %}'}, "default/"),
        (
            {"status/window.html": '{% extends "bse.html" %}'},
            "status/window.html, line 1: there is no template bse.html",
        ),
        ({"status/status.html": "{{ page.active[0].title }}"}, "status/status.html, line 1: "),
        ({"status/status.html": "{{ 1 // 0 }}"}, "status/status.html, line 1: "),
        ({"status/badge.svg": "{% foo %}"}, "status/badge.svg, line 1: Encountered unknown tag 'foo'"),
        ({"mine/unused.html": "{{ x"}, "mine/unused.html, line 1: "),
        ({"base.html": "{{ 'x' | nofilter }}"}, "base.html, line 1: No filter named 'nofilter'"),
        ({"gated.html": "x"}, "gated.html has no effect there: move it to status/gated.html"),
        ({"page.css": "x"}, "page.css has no effect there: move it to assets/page.css"),
        ({"admin/base.html": "x"}, "admin/base.html can't be replaced"),
        ({"assets/embed.js": "x"}, "assets/embed.js can't be replaced"),
        ({"assets/page.css": "main {}\n</style>"}, "assets/page.css, line 2: </ can't stand"),
    ],
)
def test_what_fails_is_named_by_file_and_line(own: Own, files: dict[str, str], says: str) -> None:
    """At the start, before a customer sees anything of it; what can't have an effect is said, too."""
    assert says in refused(own, files)


def test_all_that_fail_are_named_at_once(own: Own) -> None:
    """Each once, however many pages fail for it."""
    text = refused(own, {"status/gated.html": "{{ nothing }}", "status/history.html": "{{ missing }}"})
    assert text.count("status/gated.html, line 1: 'nothing' is undefined") == 1
    assert "status/history.html, line 1: 'missing' is undefined" in text


def test_a_directory_that_is_not_there_is_named(tmp_path: Path, observations: Observations) -> None:
    """It is no empty one: the templates that were meant would be missed by nobody."""
    with pytest.raises(InvalidError, match=r"page\.templates: .*missing is not a directory"):
        read_branding(Settings(page=Page(templates=str(tmp_path / "missing"))), observations)


def test_what_fails_later_is_told_and_ours_is_shown(own: Own, observations: Observations) -> None:
    """The samples can't foresee every state; customers get a page in each, with a style that the policy allows."""
    branding = own(
        {
            "status/gated.html": "{% if page.active | length == 2 and page.upcoming %}{{ nothing }}{% endif %}",
            "assets/page.css": "main { margin: 0 }",
        }
    )
    assert observations.of(TemplateFailed) == []
    shown = gated_page(busy(), branding, EN).decode()
    assert "Our product is down for maintenance" in shown
    (style,) = re.findall(r"<style>(.*?)</style>", shown, re.DOTALL)
    assert style_hash(style) in content_security_policy(branding)
    (told,) = observations.of(TemplateFailed)
    assert (told.template, told.reason) == ("status/gated.html", "status/gated.html, line 1: 'nothing' is undefined")


def test_files_are_read_at_the_start_alone(own: Own, tmp_path: Path) -> None:
    """Whoever edits them while the gateway runs breaks nothing until it is told to read them (SIGHUP)."""
    branding = own({"status/status.html": "As it was", "status/message.html": "As it was"})
    (tmp_path / "status/status.html").write_text("{% broken")
    (tmp_path / "base.html").write_text("{% broken")
    assert status_html(UNKNOWN, branding, EN) == b"As it was"
    assert b"down for maintenance" in gated_page(busy(), branding, EN)


def test_the_samples_show_every_page() -> None:
    """A page that no sample shows would be tried by customers."""
    shown = {name for name, _ in sample_pages(BRANDING)}
    pages = {name for name in page_templates() if name.startswith("status/")} - {"status/parts.html"}
    assert shown == pages
