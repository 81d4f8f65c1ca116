"""The page serves itself, shows each person what they see, and acts only for itself."""

import re

import aiohttp
import pytest

from bot.sandbox.page import HERE
from bot.sandbox.page.routes import Behind
from bot.sandbox.slack import Kind, SlackServer, Workspace
from bot.sandbox.slack.entities import File


@pytest.fixture
def switched():
    return []


@pytest.fixture
async def server(switched):
    made = SlackServer(
        Workspace(),
        behind=Behind(
            lambda: {"hosts": [{"name": "web1"}], "faults": [{"name": "web1.dead", "label": "dead", "on": False}]},
            lambda name, on: switched.append((name, on)),
            lambda run, act: switched.append((run, act)),
        ),
    )
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(server):
    async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


@pytest.mark.parametrize("document", ["/", "/preview"])
async def test_the_page_and_all_it_asks_for_come_from_here(http, document):
    index = await (await http.get(document)).text()
    assert 'type="module"' in index
    parts = re.findall(r'(?:src|href)="(/page/[^"]+)"', index)
    parts += [f"/page/{path.name}" for path in HERE.iterdir() if path.suffix in {".js", ".css", ".svg"}]
    for path in parts:
        async with http.get(path) as response:
            assert response.status == 200, path
            text = (await response.text()).replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"https?://|@import|url\((?!#)", text), path
            assert "default-src 'self'" in response.headers["Content-Security-Policy"]


async def test_nothing_is_ever_put_in_as_markup():
    for path in HERE.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path


async def test_nothing_outside_the_page_folder_is_served(http):
    assert (await http.get("/page/..%2Fworld.py")).status == 404
    assert (await http.get("/page/__init__.py")).status == 404


async def state(http, person="U0ANA", channel="C0DEPLOY", **more):
    return await (await http.get("/_page/state", params={"as": person, "channel": channel, **more})).json()


async def test_each_person_sees_their_own(server, http):
    server.workspace.post("C0DEPLOY", "U0SHIP", "for all")
    server.workspace.post("C0DEPLOY", "U0SHIP", "for Ana", only_for="U0ANA")
    seen = {person: await state(http, person) for person in ("U0ANA", "U0GUEST")}
    texts = {person: [each["text"] for each in told["messages"]] for person, told in seen.items()}
    assert texts == {"U0ANA": ["for all", "for Ana"], "U0GUEST": ["for all"]}
    assert [each["text"] for each in seen["U0GUEST"]["briefs"]["C0DEPLOY"]] == ["for all"]
    assert "C0ALERT" not in seen["U0GUEST"]["briefs"]


async def test_a_channel_that_one_is_not_in_shows_another(server, http):
    server.workspace.post("C0ALERT", "U0SHIP", "not for guests")
    told = await state(http, "U0GUEST", "C0ALERT")
    assert told["here"] == "C0DEPLOY"
    assert told["messages"] == []


async def test_a_long_channel_comes_in_parts_with_whole_threads(server, http):
    first = server.workspace.post("C0DEPLOY", "U0SHIP", "the first")
    for number in range(200):
        server.workspace.post("C0DEPLOY", "U0SHIP", f"number {number}")
    last = server.workspace.messages("C0DEPLOY")[-1]
    server.workspace.post("C0DEPLOY", "U0SHIP", "an answer", thread_ts=last.ts)
    server.workspace.post("C0DEPLOY", "U0SHIP", "an old answer", thread_ts=first.ts)
    told = await state(http, most="5")
    assert [each["text"] for each in told["messages"]] == [*(f"number {n}" for n in range(195, 200)), "an answer"]
    assert told["earlier"] == 196
    with_thread = await state(http, most="5", thread=first.ts)
    texts = [each["text"] for each in with_thread["messages"]]
    assert texts[0] == "the first"
    assert texts[-1] == "an old answer"
    assert (await state(http, most="x" * 50))["earlier"] == 121


async def test_what_is_typed_into_a_dialog_is_there_after_a_reload(server, http):
    surfaces = server.workspace.surfaces
    field = {"type": "plain_text_input", "action_id": "why"}
    label = {"type": "plain_text", "text": "Why"}
    block = {"type": "input", "block_id": "why", "label": label, "element": field}
    view = surfaces.open("U0ANA", {"type": "modal", "title": label, "blocks": [block]})
    filled = {"as": "U0ANA", "view": view.id, "answers": {"why": {"why": "because"}}}
    assert (await http.post("/_page/fill", json=filled)).status == 200
    assert (await state(http))["modal"]["answers"] == {"why": {"why": "because"}}
    surfaces.close("U0ANA")
    assert (await http.post("/_page/fill", json=filled)).status == 409


PIXEL = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.mark.parametrize(
    ("content", "shown"), [(PIXEL, "image/png"), (b"<svg onload=x>", "text/plain"), (b"one\ntwo", "text/plain")]
)
async def test_a_picture_is_shown_and_anything_else_is_text(server, http, content, shown):
    file = File("F1", "shot", len(content), content=content, uploaded=True)
    server.workspace.files[file.id] = file
    server.workspace.post("C0DEPLOY", "U0SHIP", "see", files=[file.id])
    (told,) = (await state(http))["messages"][0]["files"]
    assert told["image"] is (shown == "image/png")
    assert told["preview"] == ("" if told["image"] else content.decode())
    async with http.get("/files/F1") as response:
        assert response.content_type == shown
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_what_is_said_on_the_page_is_said_in_the_workspace(server, http):
    said = {"as": "U0BEN", "channel": "C0DEPLOY", "text": "hello @ana"}
    assert (await http.post("/_page/say", json=said)).status == 200
    assert server.workspace.messages("C0DEPLOY")[-1].text == "hello <@U0ANA>"
    outside = {"as": "U0GUEST", "channel": "C0ALERT", "text": "psst"}
    assert (await http.post("/_page/say", json=outside)).status == 409


@pytest.mark.parametrize("headers", [{"Origin": "http://elsewhere.example"}, {"Content-Type": "text/plain"}])
async def test_another_site_can_do_nothing_here(server, http, headers):
    body = b'{"as": "U0BEN", "channel": "C0DEPLOY", "text": "forged"}'
    async with http.post("/_page/say", data=body, headers={"Content-Type": "application/json"} | headers) as response:
        assert response.status == 403
    assert server.workspace.messages("C0DEPLOY") == []


async def test_a_change_is_streamed_to_the_page(server, http):
    async with http.get("/_page/events") as response:
        first = await response.content.readline()
        await response.content.readline()
        server.workspace.post("C0DEPLOY", "U0SHIP", "news")
        assert await response.content.readline() > first


async def test_runs_are_acted_on_from_the_page(http, switched):
    assert (await http.post("/_control/run", json={"run": 7, "act": "cancel"})).status == 200
    assert (await http.post("/_control/run", json={"run": "seven", "act": "cancel"})).status == 400
    assert switched == [(7, "cancel")]


async def test_faults_are_switched_from_the_page(server, http, switched):
    await http.post("/_control/fault", json={"name": "slack.rate_limited", "on": True})
    await http.post("/_control/fault", json={"name": "web1.dead", "on": True})
    assert server.faults.on(Kind.RATE_LIMITED)
    assert switched == [("web1.dead", True)]
    world = await (await http.get("/_world")).json()
    assert world["hosts"] == [{"name": "web1"}]
    assert {fault["name"]: fault["on"] for fault in world["faults"]}["slack.rate_limited"] is True
    await http.post("/_control/fault", json={"name": "slack.rate_limited", "on": False})
    assert not server.faults.on(Kind.RATE_LIMITED)
    assert (await http.post("/_control/fault", json={"name": "slack.made_up", "on": True})).status == 400
