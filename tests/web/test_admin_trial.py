"""Trying requests in the panel: before a window does it, nothing saved, and nothing typed lost."""

import pytest

from gateway.domain.access import Role, command_line
from gateway.domain.window import Window
from gateway.service.drafts.windows import WindowChange, WindowDraft
from gateway.web.keys import Services
from tests.observed import Observations
from tests.render.test_escaping import PAYLOADS
from tests.web.panel import PREFIX, Browser, ClientMaker, browser_on, signed_in
from tests.web.test_admin_windows import TYPED, assert_text_only, edit_fields, selected

WHO = command_line("test")
SCOPE = {"paths": "/shop", "excluded_paths": "/shop/help"}


@pytest.fixture
async def panel(aiohttp_client: ClientMaker, services: Services, observations: Observations) -> Browser:
    browser = await browser_on(aiohttp_client, services, observations)
    return await signed_in(browser, services, Role.OPERATOR)


async def window_of(services: Services, **values: object) -> Window:
    draft = WindowDraft.model_validate({"title": "Upgrade", "starts_at": "2099-01-01T00:00:00Z"} | values)
    return await services.windows.create(draft, WHO)


async def test_the_form_is_tried_before_it_is_saved(panel: Browser, services: Services) -> None:
    """Each request that was typed: what this window would do, and what happens now. No window is made."""
    typed = TYPED | SCOPE | {"gate": "read_only", "trial": "/shop\r\n\r\nPOST /shop/cart\nPOST /shop/help\n/other"}
    answer = await panel.post("/admin/windows/new/preview", typed)
    assert answer.status == 200
    text = answer.page.text
    assert 'GET /shop Forwarded "this window" is read-only, and GET changes nothing.' in text
    assert 'Refused "this window" is read-only for /shop, but not /shop/help, and POST may change something.' in text
    assert "leaves out /shop/help, and /shop/help is there" in text
    assert "and /other is not" in text
    assert text.count("Forwarded No window is in force.") == 4
    assert await services.windows.list() == []


async def test_nothing_typed_is_lost(panel: Browser) -> None:
    """Every field comes back as it was, the wrong ones too: only what matters to traffic is looked at."""
    typed = (
        TYPED
        | SCOPE
        | {"title": "", "starts_at": "soon", "reopen_over": "slowly", "trial": "/shop", "kind": "downtime"}
    )
    answer = await panel.post("/admin/windows/new/preview", typed)
    assert answer.status == 200
    for value in (
        'value="soon"',
        'value="slowly"',
        "**Soon** back.</textarea>",
        "/shop/help</textarea>",
        'value="45m"',
    ):
        assert value in answer.body
    assert selected(answer.body, "kind") == "downtime"
    assert "/shop</textarea>" in answer.body
    # What is saved from there goes where it always went, and is no trial again.
    assert f"{PREFIX}/admin/windows/new" in [form["action"] for form in answer.page.of("form")]


async def test_an_edit_that_is_tried_keeps_the_version_that_it_began_from(panel: Browser, services: Services) -> None:
    """Else what somebody else has saved meanwhile would be overwritten without a word."""
    window = await window_of(services)
    path = f"/admin/windows/{window.id}/edit"
    await services.windows.edit(window.id, WindowChange(description="Theirs."), WHO)
    typed = edit_fields(window, title="Mine", fixed="", trial="/")
    tried = await panel.post(f"{path}/preview", typed)
    assert tried.status == 200
    assert PREFIX + path in [form["action"] for form in tried.page.of("form")]
    assert f'name="row_version" value="{window.row_version}"' in tried.body
    wrong = await panel.post(path, typed | {"title": ""})
    assert wrong.status == 422
    assert f'name="row_version" value="{window.row_version}"' in wrong.body
    assert (await panel.post(path, typed)).status == 409


async def test_a_wrong_scope_is_marked(panel: Browser) -> None:
    """With 422, beside its field."""
    answer = await panel.post("/admin/windows/new/preview", TYPED | {"excluded_paths": "/a;b", "trial": "/"})
    assert answer.status == 422
    (marked,) = [control for _, control in answer.page.elements if control.get("aria-invalid") == "true"]
    assert marked["name"] == "excluded_paths"
    assert "servers read //, /./" in answer.page.text


@pytest.mark.parametrize(
    ("trial", "says"),
    [
        ("", "Name a request to try"),
        (" \n ", "Name a request to try"),
        ("\n".join(["/x"] * 21), "These are 21 requests: try 20 at once at most."),
        ("/ok\nnowhere", "nowhere: 'nowhere' is not a URL: write for example"),
        ("nowhere\n/ok\npost /x", "nowhere: 'nowhere' is not a URL: write for example"),
        ("nowhere\n/ok\npost /x", "post /x: 'post' is not a method, in capital letters: POST"),
        ("post /x", "post /x: 'post' is not a method, in capital letters: POST"),
        ("GET POST /x", "GET POST /x: 'GET POST' is not a method"),
        ("/x y", "is not a"),
    ],
)
async def test_a_request_that_is_none_is_named(panel: Browser, services: Services, trial: str, says: str) -> None:
    """In the form and on the window's page; what was typed stays."""
    window = await window_of(services)
    for path in ("/admin/windows/new/preview", f"/admin/windows/{window.id}/preview"):
        answer = await panel.post(path, TYPED | {"trial": trial})
        assert answer.status == 422
        assert says in answer.page.text
        assert trial.strip().splitlines()[-1:] == [] or trial.strip().splitlines()[-1] in answer.body


async def test_a_saved_window_is_tried_on_its_page(panel: Browser, services: Services) -> None:
    """As if it were in force, beside what happens now; its own page comes back."""
    window = await window_of(services, scope={"hosts": ["shop.example.com"]})
    url = f"/admin/windows/{window.id}/preview"
    text = (await panel.post(url, {"trial": "https://shop.example.com/x\nhttps://blog.example.com/x"})).page.text
    assert 'Refused "Upgrade" is closed for shop.example.com.' in text
    assert '"Upgrade" is about shop.example.com, not about blog.example.com.' in text
    assert "Post an update" in text


async def test_who_may_only_look_may_try_a_window(
    aiohttp_client: ClientMaker, services: Services, observations: Observations
) -> None:
    """It changes nothing; the form of a window is for those who may save it."""
    window = await window_of(services)
    viewer = await signed_in(await browser_on(aiohttp_client, services, observations), services, Role.VIEWER)
    assert (await viewer.post(f"/admin/windows/{window.id}/preview", {"trial": "/"})).status == 200
    assert (await viewer.post("/admin/windows/new/preview", {"trial": "/"})).status == 403
    assert (await viewer.post(f"/admin/windows/{window.id}/edit/preview", {"trial": "/"})).status == 403
    assert (await viewer.post(f"/admin/windows/{window.id}/reopen")).status == 403


async def test_the_save_button_comes_first(panel: Browser) -> None:
    """Enter in a field presses the first button of the form: it saves, as it always did."""
    buttons = [
        attributes for tag, attributes in (await panel.get("/admin/windows/new")).page.elements if tag == "button"
    ]
    main = [
        button.get("formaction") or button.get("name") or "save" for button in buttons if "plain" not in button["class"]
    ]
    assert main == ["save", "preview", f"{PREFIX}/admin/windows/new/preview#trial-of-requests"]


async def test_no_request_becomes_markup(panel: Browser, services: Services) -> None:
    """Neither what was typed nor what came out of it."""
    for payload in PAYLOADS:
        line = payload.replace("\n", "").replace(" ", "")
        window = await window_of(services, title=payload.replace("\n", " ").replace("\t", " "))
        for trial in (f"/{line}", f"http://shop.example/{line}", line):
            assert_text_only((await panel.post("/admin/windows/new/preview", TYPED | {"trial": trial})).page)
            assert_text_only((await panel.post(f"/admin/windows/{window.id}/preview", {"trial": trial})).page)


async def test_an_unknown_window_is_not_tried(panel: Browser) -> None:
    for which in ("00000000-0000-0000-0000-000000000000", "x"):
        for path in ("preview", "edit/preview", "reopen"):
            assert (await panel.post(f"/admin/windows/{which}/{path}", TYPED | {"trial": "/"})).status == 404
