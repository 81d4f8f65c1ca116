"""What is shown to onlookers costs few questions, and is never older than a minute."""

from collections.abc import Iterator

import pytest

from bot.sandbox.slack import Kind, SlackThread
from bot.slack.identity import SlackPeople
from bot.slack.remembered import Remembered
from commands import permissions
from commands.errors import IdentityUnknown
from commands.services import Person
from tests.contracts.slack_house import ROLES, world

ANA = Person("U0ANA", "ana")


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def people(slack, clock) -> SlackPeople:
    lookups = Remembered(slack.server.tokens.bot, base_url=slack.server.api_url, monotonic=lambda: clock[0])
    return SlackPeople(lookups, ROLES, monotonic=lambda: clock[0])


def asked(slack) -> int:
    return sum(len(slack.driver.calls(method)) for method in ("users.info", "usergroups.users.list"))


def test_the_roles_of_many_people_are_asked_with_few_calls(slack, people):
    assert permissions.held(people, ANA) == {"deployer"}
    first = asked(slack)
    assert permissions.held(people, ANA) == {"deployer"}
    assert asked(slack) == first
    assert permissions.held(people, Person("U0OMAR", "omar")) == {"deployer", "operator"}
    assert asked(slack) == first + 1


def test_after_a_minute_it_is_asked_again(slack, people, clock):
    permissions.held(people, ANA)
    slack.server.workspace.groups["S0DEV"].people.remove("U0ANA")
    clock[0] += 61
    assert permissions.held(people, ANA) == frozenset()


def test_what_slack_could_not_answer_is_not_remembered(slack, people):
    slack.server.faults.add(Kind.SERVER_ERROR, "users.info", times=1)
    with pytest.raises(IdentityUnknown):
        permissions.held(people, ANA)
    assert permissions.held(people, ANA) == {"deployer"}
