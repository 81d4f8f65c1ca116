"""The stand-in's Web API keeps messages, threads, files and answers as Slack does, seen through Slack's own client."""

from slack_sdk.webhook.async_client import AsyncWebhookClient

from tests.contracts.sandbox_slack_app import CARD, section
from tests.contracts.sandbox_slack_client import client, clock, refused, server

__all__ = ["client", "clock", "server"]


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
