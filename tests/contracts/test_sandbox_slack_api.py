"""The stand-in's Web API has Slack's limits, error names and failures, seen through Slack's own client."""

import re

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.sandbox.slack import Kind, Paces, SlackServer, Workspace
from bot.sandbox.slack.entities import Person
from tests.contracts.sandbox_slack_app import CARD, MODAL, button, section


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def server(clock):
    made = SlackServer(Workspace(clock=clock))
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def client(server):
    return AsyncWebClient(token=server.tokens.bot, base_url=server.api_url, timeout=5, retry_handlers=[])


async def refused(call):
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value.response["error"]


async def test_the_app_learns_who_it_is(client):
    me = await client.auth_test()
    assert (me["user_id"], me["bot_id"], me["team_id"]) == ("U0SHIP", "B0SHIP", "T0SAND")


@pytest.mark.parametrize(
    ("token", "error"), [("xoxb-wrong", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")]
)
async def test_a_wrong_token_is_refused(server, token, error):
    assert await refused(AsyncWebClient(token=token, base_url=server.api_url).auth_test()) == error


async def test_no_token_is_refused(server):
    async with aiohttp.ClientSession() as http, http.post(f"{server.api_url}auth.test") as response:
        assert await response.json() == {"ok": False, "error": "not_authed"}


async def test_a_missing_scope_is_named_with_those_there_are(server, client):
    server.workspace.manifest = {"oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}}}
    with pytest.raises(SlackApiError) as caught:
        await client.conversations_list(types="public_channel,private_channel")
    answer = caught.value.response
    assert answer["error"] == "missing_scope"
    assert answer["needed"] == "channels:read,groups:read"
    assert answer["provided"] == "chat:write,commands"
    await client.chat_postMessage(channel="C0DEPLOY", text="this one may")


async def test_an_email_address_needs_a_scope_of_its_own(server, client):
    server.workspace.manifest = {"oauth_config": {"scopes": {"bot": ["users:read"]}}}
    answer = await client.users_info(user="U0ANA")
    assert "email" not in answer["user"]["profile"]
    assert await refused(client.users_lookupByEmail(email="ana@askproai.de")) == "missing_scope"


async def test_the_directory_tells_guests_and_strangers_apart(client):
    people = {person["name"]: person for person in (await client.users_list())["members"]}
    assert people["gus"]["is_restricted"]
    assert people["sam"]["is_stranger"]
    assert people["sam"]["team_id"] != people["ana"]["team_id"]
    assert (await client.users_lookupByEmail(email="LEAD@askproai.de"))["user"]["id"] == "U0LEA"
    assert await refused(client.users_info(user="U0NOBODY")) == "user_not_found"


async def test_user_groups_say_who_is_in_them(client):
    groups = {group["handle"]: group["id"] for group in (await client.usergroups_list())["usergroups"]}
    people = (await client.usergroups_users_list(usergroup=groups["release-managers"]))["users"]
    assert people == ["U0BEN", "U0LEA"]
    assert await refused(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"


async def test_pages_of_channels_add_up_to_all_of_them(client):
    names, cursor = [], None
    while cursor != "":
        answer = await client.conversations_list(limit=3, cursor=cursor)
        names += [channel["name"] for channel in answer["channels"]]
        cursor = answer["response_metadata"]["next_cursor"]
    assert names == ["deployments", "alerts", "monitoring", "general"]


async def test_posting_needs_a_channel_that_exists_and_holds_the_app(client):
    assert await refused(client.chat_postMessage(channel="C0NONE", text="hello")) == "channel_not_found"
    assert await refused(client.chat_postMessage(channel="C0GEN", text="hello")) == "not_in_channel"
    await client.conversations_join(channel="C0GEN")
    await client.chat_postMessage(channel="C0GEN", text="hello")


async def test_an_archived_channel_takes_nothing(server, client):
    server.workspace.channel("alerts").archived = True
    assert await refused(client.chat_postMessage(channel="C0ALERT", text="hello")) == "is_archived"


async def test_a_message_is_found_again_by_its_metadata(client):
    metadata = {"event_type": "shipmate", "event_payload": {"key": "card:1"}}
    posted = await client.chat_postMessage(channel="C0DEPLOY", text="card", metadata=metadata)
    history = await client.conversations_history(channel="C0DEPLOY", include_all_metadata=True)
    assert [(each["ts"], each["metadata"]) for each in history["messages"]] == [(posted["ts"], metadata)]
    bare = await client.conversations_history(channel="C0DEPLOY")
    assert "metadata" not in bare["messages"][0]
    broken = client.chat_postMessage(channel="C0DEPLOY", text="card", metadata={"event_type": ""})
    assert await refused(broken) == "invalid_metadata_format"


async def test_history_is_newest_first_and_leaves_threads_to_replies(client):
    root = (await client.chat_postMessage(channel="C0DEPLOY", text="root"))["ts"]
    await client.chat_postMessage(channel="C0DEPLOY", text="reply", thread_ts=root)
    await client.chat_postMessage(channel="C0DEPLOY", text="later")
    history = await client.conversations_history(channel="C0DEPLOY")
    assert [each["text"] for each in history["messages"]] == ["later", "root"]
    after = await client.conversations_history(channel="C0DEPLOY", oldest=root)
    assert [each["text"] for each in after["messages"]] == ["later"]
    replies = await client.conversations_replies(channel="C0DEPLOY", ts=root)
    assert [each["text"] for each in replies["messages"]] == ["root", "reply"]


async def test_a_message_is_edited_and_deleted_by_its_author_alone(server, client):
    ts = (await client.chat_postMessage(channel="C0DEPLOY", text="one", blocks=CARD))["ts"]
    await client.chat_update(channel="C0DEPLOY", ts=ts, text="two", blocks=[section("two")])
    assert server.workspace.message("C0DEPLOY", ts).words == "two"
    assert server.workspace.message("C0DEPLOY", ts).edited
    theirs = server.workspace.post("C0DEPLOY", "U0ANA", "mine")
    assert await refused(client.chat_update(channel="C0DEPLOY", ts=theirs.ts, text="x")) == "cant_update_message"
    assert await refused(client.chat_delete(channel="C0DEPLOY", ts=theirs.ts)) == "cant_delete_message"
    assert await refused(client.chat_update(channel="C0DEPLOY", ts="1.000000", text="x")) == "message_not_found"
    await client.chat_delete(channel="C0DEPLOY", ts=ts)
    assert server.workspace.message("C0DEPLOY", ts) is None


async def test_an_ephemeral_message_needs_somebody_in_the_channel(client, server):
    await client.chat_postEphemeral(channel="C0DEPLOY", user="U0ANA", text="psst")
    assert [message.words for message in server.workspace.private("U0ANA")] == ["psst"]
    outside = client.chat_postEphemeral(channel="C0ALERT", user="U0GUEST", text="psst")
    assert await refused(outside) == "user_not_in_channel"
    assert (await client.conversations_history(channel="C0DEPLOY"))["messages"] == []


async def test_a_direct_message_is_opened_and_written_to(client, server):
    where = (await client.conversations_open(users="U0ANA"))["channel"]["id"]
    await client.chat_postMessage(channel=where, text="hello Ana")
    await client.chat_postMessage(channel="U0ANA", text="and again")
    assert [message.words for message in server.workspace.private("U0ANA")] == ["hello Ana", "and again"]


TOO_MUCH = {
    "51 blocks": [{"type": "divider"}] * 51,
    "a section of 3,001 characters": [section("x" * 3001)],
    "a header of 151 characters": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}],
    "a header in mrkdwn": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
    "an empty text": [section("")],
    "26 elements": [{"type": "actions", "elements": [button(f"b{n}", f"a{n}") for n in range(26)]}],
    "a value of 2,001 characters": [{"type": "actions", "elements": [button("b", "a", value="x" * 2001)]}],
    "a label of 76 characters": [{"type": "actions", "elements": [button("x" * 76, "a")]}],
    "an action id twice": [{"type": "actions", "elements": [button("one", "same"), button("two", "same")]}],
    "a block id twice": [section("one", block_id="same"), section("two", block_id="same")],
    "an unknown block": [{"type": "marquee"}],
    "an unknown element": [section("x", accessory={"type": "lever"})],
    "11 fields": [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
    "a section with nothing": [{"type": "section"}],
    "a dialog without words": [
        {"type": "actions", "elements": [button("b", "a", confirm={"title": {"type": "plain_text", "text": "x"}})]}
    ],
    "something that is no list": {"type": "divider"},
}


@pytest.mark.parametrize("blocks", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_blocks_beyond_a_limit_are_invalid(client, blocks):
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    assert "json-pointer:/blocks" in caught.value.response["errors"][0]


async def test_blocks_at_their_limits_are_taken(client):
    buttons = [button("x" * 75, f"a{n}", value="v" * 2000) for n in range(25)]
    blocks = [section("x" * 3000), {"type": "actions", "elements": buttons}, *[{"type": "divider"}] * 48]
    await client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=blocks)


async def test_words_beyond_what_a_message_holds_are_refused(client):
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x" * 40_001)) == "msg_too_long"
    assert await refused(client.api_call("chat.postMessage", json={"channel": "C0DEPLOY"})) == "no_text"
    much = [section("x" * 2700) for _ in range(5)]
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x", blocks=much)) == "msg_blocks_too_long"


async def test_a_trigger_opens_one_modal_within_three_seconds(server, client, clock):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    assert server.workspace.surfaces.top("U0ANA").id == view["id"]
    assert await refused(client.views_open(trigger_id=trigger, view=MODAL)) == "exchanged_trigger_id"
    late = server.workspace.surfaces.trigger("U0ANA")
    clock.now += 3.1
    assert await refused(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    assert await refused(client.views_open(trigger_id="1.made-up", view=MODAL)) == "invalid_trigger_id"


async def test_a_view_is_updated_only_from_its_newest_hash(server, client):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]
    newer = (await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL))["view"]
    assert newer["hash"] != view["hash"]
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await refused(stale) == "hash_conflict"
    assert await refused(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


async def test_no_more_than_three_modals_lie_on_each_other(server, client):
    surfaces = server.workspace.surfaces
    await client.views_open(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    for _ in range(2):
        await client.views_push(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    fourth = client.views_push(trigger_id=surfaces.trigger("U0ANA"), view=MODAL)
    assert await refused(fourth) == "push_limit_reached"


@pytest.mark.parametrize(
    "change",
    [
        {"title": {"type": "plain_text", "text": "x" * 25}},
        {"submit": None},
        {"private_metadata": "x" * 3001},
        {"type": "workflow"},
        {"blocks": [{"type": "divider"}] * 101},
    ],
    ids=["a long title", "an input without a submit", "long metadata", "an unknown type", "101 blocks"],
)
async def test_a_view_beyond_a_limit_is_refused(server, client, change):
    trigger = server.workspace.surfaces.trigger("U0ANA")
    assert await refused(client.views_open(trigger_id=trigger, view=MODAL | change)) == "invalid_arguments"


async def test_a_file_is_uploaded_and_shared_in_a_thread(server, client):
    root = (await client.chat_postMessage(channel="C0DEPLOY", text="root"))["ts"]
    await client.files_upload_v2(
        channel="C0DEPLOY", thread_ts=root, filename="step.log", title="The log", content="line 1\nline 2\n"
    )
    shared = server.workspace.messages("C0DEPLOY")[-1]
    file = server.workspace.files[shared.files[0]]
    assert (shared.thread_ts, file.title, file.content) == (root, "The log", b"line 1\nline 2\n")


async def test_a_response_url_serves_five_times_and_half_an_hour(server, clock):
    surfaces = server.workspace.surfaces
    webhook = AsyncWebhookClient(f"{server.url}/response/{surfaces.response_url('C0DEPLOY', 'U0ANA')}")
    statuses = [(await webhook.send(text=f"answer {n}")).status_code for n in range(6)]
    assert statuses == [200, 200, 200, 200, 200, 404]
    old = AsyncWebhookClient(f"{server.url}/response/{surfaces.response_url('C0DEPLOY', 'U0ANA')}")
    clock.now += 30 * 60 + 1
    answer = await old.send(text="too late")
    assert (answer.status_code, "expired_url" in answer.body) == (404, True)
    assert len(server.workspace.private("U0ANA")) == 5


async def test_a_response_url_replaces_or_deletes_the_message_it_came_from(server):
    workspace = server.workspace
    told = workspace.post("C0DEPLOY", "U0SHIP", "before", only_for="U0ANA")
    key = workspace.surfaces.response_url("C0DEPLOY", "U0ANA", message_ts=told.ts)
    webhook = AsyncWebhookClient(f"{server.url}/response/{key}")
    await webhook.send(text="after", replace_original=True)
    assert told.words == "after"
    await webhook.send(delete_original=True)
    assert workspace.private("U0ANA") == []


async def test_posts_come_about_once_a_second_per_channel(clock):
    server = SlackServer(Workspace(), paces=Paces(clock=clock))
    await server.start()
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url)
    for number in range(4):
        await client.chat_postMessage(channel="C0DEPLOY", text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0DEPLOY", text="5")
    assert (caught.value.response.status_code, caught.value.response["error"]) == (429, "ratelimited")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel="C0ALERT", text="elsewhere")
    clock.now += 1
    await client.chat_postMessage(channel="C0DEPLOY", text="5")
    await server.stop()


async def test_a_lost_reply_leaves_the_message_there(server, client):
    server.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="C0DEPLOY", text="was it said?")
    assert [message.words for message in server.workspace.messages("C0DEPLOY")] == ["was it said?"]
    await client.chat_postMessage(channel="C0DEPLOY", text="this one was answered")


async def test_a_client_that_retries_says_it_twice_after_a_lost_reply(server):
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url)
    server.faults.add(Kind.LOST_REPLY, "chat.postMessage", times=1)
    await client.chat_postMessage(channel="C0DEPLOY", text="once?")
    assert [message.words for message in server.workspace.messages("C0DEPLOY")] == ["once?", "once?"]


async def test_a_rate_limit_on_demand_says_when_to_come_back(server, client):
    server.faults.add(Kind.RATE_LIMITED, seconds=30)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 30
    server.faults.clear()
    await client.auth_test()


async def test_a_server_error_is_no_json(server, client):
    server.faults.add(Kind.SERVER_ERROR, times=1)
    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()
    assert caught.value.response.status_code == 503
    await client.auth_test()


async def test_a_named_error_strikes_the_named_method(server, client):
    server.faults.add(Kind.ERROR, "chat.postMessage", detail="restricted_action", times=1)
    await client.auth_test()
    assert await refused(client.chat_postMessage(channel="C0DEPLOY", text="x")) == "restricted_action"


async def test_a_refused_connection_and_a_silent_one_end_in_the_client(server):
    client = AsyncWebClient(token=server.tokens.bot, base_url=server.api_url, timeout=1, retry_handlers=[])
    server.faults.add(Kind.REFUSE, times=1)
    with pytest.raises(aiohttp.ClientError):
        await client.auth_test()
    server.faults.add(Kind.HANG, times=1)
    with pytest.raises(TimeoutError):
        await client.auth_test()


async def test_a_stopped_server_comes_back_on_its_port_with_all_it_knew(server, client):
    await client.chat_postMessage(channel="C0DEPLOY", text="before")
    port = server.port
    await server.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.auth_test()
    await server.start()
    assert server.port == port
    assert len((await client.conversations_history(channel="C0DEPLOY"))["messages"]) == 1


async def test_an_unknown_method_and_unknown_json_are_named(server, client):
    assert await refused(client.api_call("made.up")) == "unknown_method"
    headers = {"Authorization": f"Bearer {server.tokens.bot}", "Content-Type": "application/json"}
    address = f"{server.api_url}auth.test"
    async with aiohttp.ClientSession() as http, http.post(address, data=b"{", headers=headers) as response:
        assert (await response.json())["error"] == "invalid_json"


async def test_every_call_is_kept_without_its_token(server, client):
    await client.chat_postMessage(channel="C0DEPLOY", text="hello")
    calls = [(call.method, call.outcome) for call in server.workspace.calls]
    assert calls == [("chat.postMessage", "ok")]
    assert not re.search("xoxb", str(server.workspace.calls))


async def test_new_people_have_their_own_place(server, client):
    server.workspace.add_person(Person("U0NEW", "nia", email="nia@askproai.de"), "deployments")
    assert (await client.users_info(user="U0NEW"))["user"]["name"] == "nia"
    await client.chat_postEphemeral(channel="C0DEPLOY", user="U0NEW", text="welcome")
