"""What people look at and write without a command: written down before the ack, answered, and drawn from the rows."""

import sqlite3
from collections.abc import Iterator

import pytest

from bot.sandbox.slack import Kind, SlackThread, words
from commands.errors import IdentityUnknown
from storage import homes
from storage.models import Asking, InboxState, OutboxRow, OutboxState
from tests.contracts.slack_house import House, a_home, housed, world
from tests.contracts.slack_outbox import delivered, delivering, row
from tests.contracts.test_slack_http import served


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


async def shows(house: House, person: str, text: str) -> None:
    """Wait until somebody's App Home says a text."""

    def found() -> bool:
        view = house.slack.driver.home(person)
        return view is not None and text in words.of(view.content["blocks"])

    await house.until(found, f"{text} on {person}'s home")


async def test_who_opens_the_home_tab_gets_it_drawn(store, slack):
    async with housed(store, slack) as house:
        await house.does(slack.driver.opens_home, "ana")
        await shows(house, "ana", "Hello U0ANA")
        (opened,) = await house.settled(InboxState.DONE)
    assert (opened.kind, opened.person, opened.outcome) == (Asking.OPENED, "U0ANA", "ok")
    assert slack.driver.private("ana") == []


async def test_a_guest_who_opens_it_is_not_written_to(store, slack):
    async with housed(store, slack) as house:
        await house.does(slack.driver.opens_home, "gus")
        await shows(house, "gus", "Hello U0GUEST")
    assert slack.driver.private("gus") == []


async def test_the_messages_tab_draws_nothing(store, slack):
    async with housed(store, slack) as house:
        happened = {"type": "app_home_opened", "user": "U0ANA", "channel": "D1", "tab": "messages", "event_ts": "1.0"}

        async def happens() -> None:
            slack.server.interactions._happened("app_home_opened", happened)

        await house.does(slack.call, happens())
        await house.does(slack.driver.opens_home, "ben")
        await shows(house, "ben", "Hello")
    assert slack.driver.home("ana") is None
    assert [it.person for it in house.rows()] == ["U0BEN"]


async def test_a_message_is_answered_and_the_bots_own_are_not(store, slack):
    async with housed(store, slack) as house:
        await house.says("ana", "hello?", channel="dm")
        await house.tells("ana", "You said hello?")
        await house.says("ben", "@shipmate status please")
        await house.tells("ben", "You said status please")
        await house.settled(InboxState.DONE, 2)
    assert [request.text for request in house.ran] == ["hello?", "status please"]


async def test_a_guest_who_writes_is_told_that_nothing_is_taken_from_guests(store, slack):
    async with housed(store, slack) as house:
        await house.says("gus", "@shipmate hello")
        await house.tells("gus", "I take nothing from guests")
    assert house.ran == []


async def test_an_event_that_could_not_be_written_is_not_acknowledged_and_comes_again(store, slack, tmp_path):
    slack.server.interactions._retry_after = (0.2,) * 50
    async with housed(store, slack, write_seconds=0.3) as house:
        lock = sqlite3.connect(tmp_path / "shipmate.db", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        await house.says("ana", "hello?", channel="dm")
        lock.execute("ROLLBACK")
        lock.close()
        await house.tells("ana", "You said hello?")
        await house.settled(InboxState.DONE)
    assert len(house.rows()) == 1


async def test_an_event_whose_ack_was_lost_is_run_once_and_nobody_is_bothered(store, slack):
    slack.server.interactions._retry_after = (0.1,)
    slack.server.faults.add(Kind.TWICE)
    async with housed(store, slack) as house:
        await house.says("ana", "hello?", channel="dm")
        await house.tells("ana", "You said hello?")
        await house.settled(InboxState.DONE)
    assert len(house.ran) == 1
    assert len(slack.driver.private("ana")) == 2, "what was asked, and one answer"


async def test_over_http_events_come_in_the_same_way(store, slack):
    async with served(store, slack) as (house, _):
        await house.does(slack.driver.opens_home, "ana")
        await shows(house, "ana", "Hello U0ANA")
        await house.says("ana", "hello?", channel="dm")
        await house.tells("ana", "You said hello?")


def wants(house: House, person: str) -> None:
    with house.store.begin() as session:
        homes.want(session, person, house.time.now())
    house.delivery.wake()


async def test_it_is_drawn_at_the_moment_of_sending_and_again_when_more_has_happened_meanwhile(store, slack):
    seen = {"now": 1}

    def home(_user: str, _patient: bool) -> dict:
        if seen["now"] == 1:
            # Somebody else's change commits while this one is on its way.
            with store.begin() as session:
                homes.want(session, "U0ANA", house.time.now())
            seen["now"] = 2
            return a_home("first")
        return a_home("second")

    async with delivering(store, slack, home=home) as house:
        wants(house, "U0ANA")
        await shows(house, "ana", "second")
        await delivered(house, "home:U0ANA")
    assert len(slack.driver.calls("views.publish")) == 2


async def test_slacks_wish_for_a_pause_is_kept(store, slack):
    slack.server.faults.add(Kind.RATE_LIMITED, "views.publish", seconds=1)
    async with delivering(store, slack) as house:
        wants(house, "U0ANA")
        await shows(house, "ana", "Hello U0ANA")
        await delivered(house, "home:U0ANA")
    assert len(slack.driver.calls("views.publish")) == 1


async def test_when_slack_cannot_say_who_it_is_that_is_tried_a_few_times_and_then_said(store, slack):
    patience: list[bool] = []

    def home(_user: str, patient: bool) -> dict:
        patience.append(patient)
        if patient:
            raise IdentityUnknown("Slack did not answer")
        return a_home("I could not check who you are")

    async with delivering(store, slack, home=home) as house:
        wants(house, "U0ANA")
        await shows(house, "ana", "could not check")
        await delivered(house, "home:U0ANA")
    assert patience[-1] is False
    assert patience.count(True) == 2


async def test_nobody_is_drawn_a_home_that_was_wanted_long_ago(store, slack):
    slack.server.faults.add(Kind.SERVER_ERROR, "views.publish")
    async with delivering(store, slack) as house:
        wants(house, "U0ANA")
        await house.until(lambda: row(house, "home:U0ANA").attempts > 0)
        house.time.ahead += 601

        def given_up() -> OutboxRow | None:
            found = row(house, "home:U0ANA")
            return found if found.state is OutboxState.GIVEN_UP else None

        await house.until(given_up, "the home given up")
