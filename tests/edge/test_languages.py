"""In which language the gate refuses: in that of the reader's choice, else of Accept-Language; one kept for each."""

import gzip
import json

import pytest

from gateway.domain.languages import LANGUAGES
from gateway.render.language import language_of
from tests.edge.conftest import Gateway, window
from tests.edge.wire import Application, Client

GET = b"GET / HTTP/1.1\r\nHost: shop.example\r\n%b\r\n"
HTML = b"Accept: text/html\r\n"
CLOSED = "%(product)s is down for maintenance"


@pytest.fixture
def closed(gateway: Gateway) -> None:
    gateway.load(window())


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(
    ("fields", "tag"),
    [
        (b"", "en"),
        (b"Accept-Language: pl-PL,pl;q=0.9,en;q=0.8\r\n", "pl"),
        (b"accept-language: de\r\nCookie: a=b; gateway_language=ar; c=d\r\n", "ar"),
        (b"cookie: gateway_language=zh-Hans\r\n", "zh-Hans"),
        (b"Cookie: my_gateway_language=ar\r\n", "en"),
        (b"Cookie: gateway_language=xx\r\nAccept-Language: ja\r\n", "ja"),
        (b"X-Cookie: gateway_language=ar\r\n", "en"),
    ],
)
async def test_the_page_is_in_the_readers_language(client: Client, fields: bytes, tag: str) -> None:
    """And says which; caches are told by what it was chosen."""
    answer = await client.ask(GET % (HTML + fields))
    assert answer.status == 503
    assert answer.get("content-language") == tag.encode()
    assert {b"Accept-Language", b"Cookie"} <= {name.strip() for name in (answer.get("vary") or b"").split(b",")}
    text = answer.content.decode()
    assert f'<html lang="{tag}"' in text
    assert language_of(tag).words(CLOSED, product="Shop") in text


@pytest.mark.usefixtures("closed")
async def test_each_language_is_answered_again_and_again(client: Client) -> None:
    """What is kept for one is never sent for another, compressed or not, in any form."""
    for _ in range(2):
        for tag in LANGUAGES:
            said, field = language_of(tag).words(CLOSED, product="Shop"), b"Accept-Language: %b\r\n" % tag.encode()
            page = await client.ask(GET % (HTML + field + b"Accept-Encoding: gzip\r\n"))
            assert said in gzip.decompress(page.content).decode()
            problem = await client.ask(GET % (b"Accept: application/json\r\n" + field))
            assert json.loads(problem.content)["title"] == said
            assert said in (await client.ask(GET % field)).content.decode()


async def test_an_application_that_is_away_is_told_of_in_it_too(
    gateway: Gateway, client: Client, application: Application
) -> None:
    """502 in the reader's words."""
    application.stop()
    for tag in ("de", "en", "de"):
        answer = await client.ask(GET % (HTML + b"Accept-Language: %b\r\n" % tag.encode()))
        assert (answer.status, answer.get("content-language")) == (502, tag.encode())
        assert language_of(tag).words("We can't reach the application") in answer.content.decode().replace("&#39;", "'")
    assert len(gateway.front.connections) == 1
