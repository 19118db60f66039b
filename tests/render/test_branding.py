"""The product's own look and words on the pages."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config.settings import Link, Maintenance, Page, Settings
from gateway.render.branding import read_branding
from gateway.render.environment import style_hash
from gateway.render.look import Branding
from gateway.render.pages import content_security_policy, gated_page, history_html, status_html, unavailable_page
from gateway.render.plain_text import plain_text
from tests.observed import Observations
from tests.render.reading import Page as Read
from tests.render.samples import BRANDING, EN, busy

PAGE = Page(
    accent="#7A1FA2",
    support_text="Our team is there around the clock.",
    support_url="https://acme.example/help",
    introduction="Orders are **safe**.\n\n<script>alert(1)</script>",
    links=(Link(name="Imprint & more", url="https://acme.example/imprint"),),
)


@pytest.fixture
def own(tmp_path: Path) -> Branding:
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 30"/>')
    page = PAGE.model_copy(update={"logo": str(tmp_path / "logo.svg")})
    return read_branding(Settings(maintenance=Maintenance(product="Acme"), page=page), Observations())


def pages(branding: Branding) -> list[bytes]:
    return [
        gated_page(busy(), branding, EN),
        status_html(busy(), branding, EN),
        history_html(busy(), branding, EN),
        unavailable_page("Away", "Try again.", branding, EN),
    ]


def test_every_page_shows_whose_it_is(own: Branding) -> None:
    """Logo with the name as its text, the words and address for help, the links: and no more is loaded for it."""
    for body in pages(own):
        page = Read(body)
        (logo,) = page.of("img")
        assert (logo["alt"], logo["width"], logo["height"]) == ("Acme", "64", "32")
        assert logo["src"].startswith("data:image/svg+xml;base64,")
        assert [address.partition("?")[0] for address in page.loads()] in ([], ["/_maintenance/assets/page.js"])
        links = {link["href"] for link in page.of("a")}
        assert {"https://acme.example/help", "https://acme.example/imprint"} <= links
        assert "Our team is there around the clock. Get help" in page.text
        assert "Imprint & more" in page.text


def test_the_policy_follows_the_accent(own: Branding) -> None:
    """The hash is that of the style sheet with the colour in it, and the icon has the colour, too."""
    for body in pages(own):
        styles = re.findall(r"<style>(.*?)</style>", body.decode(), re.DOTALL)
        assert any("--link:#7a1fa2" in style for style in styles)
        assert all(style_hash(style) in content_security_policy(own) for style in styles)
        assert "fill='%237a1fa2'" in body.decode()
    assert content_security_policy(own) != content_security_policy(BRANDING)


def test_words_of_ones_own_stand_on_the_gated_page(own: Branding) -> None:
    """As Markdown, without raw HTML."""
    page = Read(gated_page(busy(), own, EN))
    assert "Orders are safe." in page.text
    assert "alert(1)" in page.text
    assert "Orders are" not in Read(status_html(busy(), own, EN)).text


def test_without_settings_nothing_of_it_is_there() -> None:
    """The name stands where the logo would, and who names no help promises none."""
    silent = Read(gated_page(busy(), Branding(product="Acme", support_email="", prefix="/m"), EN))
    assert silent.of("img") == []
    assert "help" not in silent.text
    both = replace(BRANDING, support_url="https://acme.example/help")
    assert "Need help? Write to help@acme.example · Get help" in Read(gated_page(busy(), both, EN)).text
    assert b"Help: help@acme.example, https://acme.example/help" in plain_text(busy(), both, EN)
    assert "Need help? Write to help@acme.example" in Read(gated_page(busy(), BRANDING, EN)).text
