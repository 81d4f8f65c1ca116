"""The page serves itself, shows each person what they see, and acts only for itself."""

import re

import aiohttp
import pytest

from bot.sandbox.page import HERE
from bot.sandbox.slack import Kind, SlackServer, Workspace


@pytest.fixture
def switched():
    return []


@pytest.fixture
async def server(switched):
    made = SlackServer(
        Workspace(),
        world=lambda: {"hosts": [{"name": "web1"}], "faults": [{"name": "web1.dead", "label": "dead", "on": False}]},
        set_fault=lambda name, on: switched.append((name, on)),
    )
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(server):
    async with aiohttp.ClientSession(server.url, timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield session


async def test_the_page_and_all_it_asks_for_come_from_here(http):
    index = await (await http.get("/")).text()
    modules = re.findall(r'(?:src|href)="(/page/[^"]+)"', index)
    modules += [f"/page/{path.name}" for path in HERE.glob("*.js")]
    for path in modules:
        async with http.get(path) as response:
            assert response.status == 200, path
            assert "http://" not in (await response.text()).replace("http://www.w3.org/2000/svg", "")


async def test_nothing_is_ever_put_in_as_markup():
    for path in HERE.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", path.read_text()), path


async def test_nothing_outside_the_page_folder_is_served(http):
    assert (await http.get("/page/..%2Fworld.py")).status == 404
    assert (await http.get("/page/__init__.py")).status == 404


async def test_each_person_sees_their_own(server, http):
    server.workspace.post("C0DEPLOY", "U0SHIP", "for all")
    server.workspace.post("C0DEPLOY", "U0SHIP", "for Ana", only_for="U0ANA")
    seen = {}
    for person in ("U0ANA", "U0GUEST"):
        seen[person] = await (await http.get("/_page/state", params={"as": person})).json()
    texts = {person: [each["text"] for each in state["messages"]["C0DEPLOY"]] for person, state in seen.items()}
    assert texts == {"U0ANA": ["for all", "for Ana"], "U0GUEST": ["for all"]}
    assert "C0ALERT" not in seen["U0GUEST"]["messages"]


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
