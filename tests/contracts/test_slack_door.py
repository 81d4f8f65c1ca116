"""Socket Mode, for real: persist, then ack; run once; answer the one who asked; survive everything Slack does."""

import asyncio
import sqlite3
from collections.abc import Iterator

import pytest

from bot.sandbox.slack import Kind, SlackThread
from bot.slack.front import BAD_PAYLOAD, NOT_WRITTEN
from storage import inbox
from storage.models import Asking, InboxRow, InboxState
from tests.builders import a_request
from tests.contracts.slack_house import housed, world

CARD = [
    {
        "type": "actions",
        "block_id": "answer",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": label},
                "action_id": action,
                "value": "7:abc",
            }
            for label, action in (("Approve", "deployment.approve"), ("Reject", "deployment.reject"))
        ],
    }
]


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


async def test_a_slash_command_is_written_down_acknowledged_run_and_answered_privately(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "asked for production v2.3")
        (row,) = await house.settled(InboxState.DONE)
    assert (row.kind, row.name, row.text, row.person, row.outcome) == (
        Asking.COMMAND,
        "deploy",
        "production v2.3",
        "U0ANA",
        "ok",
    )
    assert row.acked_at is not None
    assert house.ran[0].key == row.key
    assert slack.server.sockets.late == []


async def test_what_slack_delivers_twice_is_run_once(store, slack):
    slack.server.faults.add(Kind.TWICE)
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "asked for")
        await house.says("ana", "/deploy production v2.4")
        await house.tells("ana", "v2.4")
    assert [request.text for request in house.ran] == ["production v2.3", "production v2.4"]


async def test_a_bare_command_opens_its_form_and_writes_nothing(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy")
        view = await house.until(lambda: slack.driver.modal("ana"), "a form")
        assert view.content["private_metadata"] == "bare"
        assert house.rows() == []


async def test_a_submitted_form_is_answered_in_the_channel_it_was_opened_from(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy")
        given = {"ref": "v2.3", "environment": "production"}
        assert await house.does(slack.driver.submits, "ana", given) == {}
        answer = await house.tells("ana", "will deploy v2.3 to production")
    assert answer.channel == "C0DEPLOY"
    assert house.ran[0].fields == {"ref": "v2.3", "environment": "production", "reason": ""}
    assert house.ran[0].value == "bare"


async def test_a_pressed_button_brings_its_value_and_one_that_asks_opens_its_form(store, slack):
    async with housed(store, slack) as house:
        slack.server.workspace.post("C0DEPLOY", "U0SHIP", "card", blocks=CARD)
        await house.does(slack.driver.presses, "ben", "Approve")
        await house.tells("ben", "approved 7:abc")
        await house.does(slack.driver.presses, "ben", "Reject")
        view = await house.until(lambda: slack.driver.modal("ben"), "a form")
    assert view.content["private_metadata"] == "7:abc"
    assert [(request.name, request.value) for request in house.ran] == [("deployment.approve", "7:abc")]


async def test_a_menu_suggests_refs_and_nothing_when_the_repository_is_slow(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy")
        await house.until(lambda: slack.driver.modal("ana"), "a form")
        assert await house.does(slack.driver.suggestions, "ana", "deploy.ref", "v2") == ["v2.3", "v2.2"]
        house.refs.answers.clear()
        assert await house.does(slack.driver.suggestions, "ana", "deploy.ref", "v2") == []
        house.refs.answers.set()
    assert slack.server.sockets.late == []


async def test_a_locked_database_is_said_in_the_ack_and_nothing_is_ever_run(store, slack, tmp_path):
    async with housed(store, slack, write_seconds=0.3) as house:
        lock = sqlite3.connect(tmp_path / "shipmate.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", NOT_WRITTEN)
        slack.server.workspace.post("C0DEPLOY", "U0SHIP", "card", blocks=CARD)
        await house.does(slack.driver.presses, "ben", "Approve")
        await house.tells("ben", NOT_WRITTEN)
        await house.says("lea", "/deploy")
        faults = await house.does(slack.driver.submits, "lea", {"ref": "v2.3", "environment": "staging"})
        assert faults == {"ref": NOT_WRITTEN}
        lock.execute("ROLLBACK")
        lock.close()
        await house.says("ana", "/deploy staging v2.3")
        await house.tells("ana", "asked for staging")
    assert [request.text for request in house.ran] == ["staging v2.3"]
    assert {row.state for row in house.rows()} <= {InboxState.VOID, InboxState.DONE}


async def test_an_ack_that_went_out_too_late_makes_the_command_void_and_its_author_is_told(store, slack):
    async with housed(store, slack) as house:
        acked = house.intake.settle

        async def settle(receipt, *, sent):
            receipt.received -= 3.5
            await acked(receipt, sent=sent)

        house.intake.settle = settle
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "did not reach Slack within three seconds, so I did nothing")
        await house.settled(InboxState.VOID)
    assert house.ran == []


async def test_an_unreadable_payload_is_acknowledged_with_words(store, slack):
    async with housed(store, slack) as house:
        payload = {"command": "/deploy", "text": "x" * 9_000, "user_id": "U0ANA", "trigger_id": "1", "channel_id": "C"}
        answer = await asyncio.to_thread(slack.call, slack.server.sockets.deliver("slash_commands", payload))
        assert answer.payload == {"text": BAD_PAYLOAD}
        for odd in ({"command": "/deploy"}, {"type": "block_actions", "actions": [3]}, {"user": 1}, {"command": 3}, {}):
            assert (await asyncio.to_thread(slack.call, slack.server.sockets.deliver("interactive", odd))).acked
        assert house.rows() == []


async def test_a_command_that_nobody_registered_is_answered(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "/dance")
        await house.tells("ana", "I do not know that command")


@pytest.mark.parametrize("who", ["gus", "sam"])
async def test_guests_and_strangers_are_refused_with_words(store, slack, who):
    async with housed(store, slack) as house:
        await house.says(who, "/deploy production v2.3")
        await house.tells(who, "I take nothing from")
    assert house.ran == []


async def test_nobody_is_believed_while_slack_cannot_say_who_they_are(store, slack):
    slack.server.faults.add(Kind.SERVER_ERROR, "users.info")
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "I could not check who you are")
    assert house.ran == []


async def test_a_refusal_is_shown_and_a_bug_is_shown_by_its_number_only(store, slack, caplog):
    async with housed(store, slack) as house:
        await house.says("ana", "/deploy refused")
        await house.tells("ana", "Production is frozen until Monday. Type `/deploy help`.")
        await house.says("ana", "/deploy broken")
        answer = await house.tells("ana", "Something of mine broke (error ")
        refused, broken = await house.settled(InboxState.DONE, 2)
    number = answer.words.partition("(error ")[2].partition(")")[0]
    assert "secret" not in answer.words
    assert refused.outcome == "frozen"
    assert broken.outcome == f"bug:{number}"
    assert number in caplog.text


async def test_the_door_comes_back_after_every_way_of_losing_slack(store, slack):
    async with housed(store, slack) as house:
        for number, lose in enumerate((_cut, _refresh, _half_open, _restart), start=1):
            served = slack.server.sockets.served
            await asyncio.to_thread(slack.call, lose(slack))
            await house.until(lambda served=served: slack.server.sockets.served > served, f"back after {lose.__name__}")
            await house.until(lambda: house.door.status.connected)
            await house.says("ana", f"/deploy number {number}")
            await house.tells("ana", f"number {number}")
    assert slack.server.sockets.late == []


async def _cut(slack: SlackThread) -> None:
    slack.server.sockets.cut()


async def _refresh(slack: SlackThread) -> None:
    await slack.server.sockets.refresh()


async def _half_open(slack: SlackThread) -> None:
    slack.server.sockets.half_open()


async def _restart(slack: SlackThread) -> None:
    await slack.server.stop()
    await asyncio.sleep(0.5)
    await slack.server.start()


async def test_the_bot_starts_with_slack_down_and_connects_when_it_is_back(store, slack):
    slack.server.faults.add(Kind.REFUSE)
    async with housed(store, slack, away=True) as house:
        await house.until(lambda: house.door.status.trouble, "trouble")
        assert not house.door.status.connected
        slack.server.faults.clear()
        await house.until(lambda: house.door.status.connected, "a connection")
        await house.says("ana", "/deploy production v2.3")
        await house.tells("ana", "asked for")
        assert house.door.status.last_event is not None


async def test_a_restart_resumes_what_ran_and_voids_what_was_never_acknowledged(store, slack):
    with store.begin() as session:
        running = inbox.receive(session, _asked("slash:ran", "production v2.2"))
        inbox.acked(session, running.id, running.received_at)
        at = running.received_at
        assert inbox.claim(session, "who is dead by now", now=at, until=at).key == "slash:ran"
        inbox.receive(session, _asked("slash:unacked", "production v2.3"))
    async with housed(store, slack) as house:
        await house.tells("ana", "asked for production v2.2")
        await house.tells("ana", "restarted before I could acknowledge `/deploy production v2.3`")
    assert [(request.text, request.key) for request in house.ran] == [("production v2.2", "slash:ran")]


async def test_a_request_that_was_interrupted_three_times_is_not_tried_again(store, slack):
    with store.begin() as session:
        row = inbox.receive(session, _asked("slash:poison", "production v2.2"))
        inbox.acked(session, row.id, row.received_at)
        row.attempts = 3
        session.add(row)
    async with housed(store, slack) as house:
        await house.tells("ana", "I was interrupted 3 times")
    assert house.ran == []


async def test_one_persons_requests_run_in_order(store, slack):
    async with housed(store, slack) as house:
        for number in range(5):
            await house.says("ana", f"/deploy number {number}")
        await house.settled(InboxState.DONE, 5)
    assert [request.text for request in house.ran] == [f"number {number}" for number in range(5)]


def _asked(key: str, text: str) -> InboxRow:
    return a_request(key, text=text)
