"""Who may do what is asked live, and whoever cannot be known may not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.sandbox.slack import Kind, SlackThread
from bot.slack.identity import HANDLES_SECONDS, Lookups, SlackPeople
from commands.errors import IdentityUnknown, Refused
from commands.services import Person
from tests.contracts.slack_house import ROLES, world

OPERATORS = {"omar": "U0OMAR", "ana": "U0ANA"}


@pytest.fixture
def slack() -> Iterator[SlackThread]:
    with world() as thread:
        yield thread


@pytest.fixture
def clock() -> list[float]:
    return [0.0]


@pytest.fixture
def people(slack, clock) -> SlackPeople:
    lookups = Lookups(slack.server.tokens.bot, base_url=slack.server.api_url, seconds=1)
    return SlackPeople(lookups, ROLES, monotonic=lambda: clock[0], operators=OPERATORS)


def by_id(user: str) -> Person:
    return Person(user, user.lower())


def test_a_member_is_known_by_name_and_address(people):
    assert people.person("U0ANA") == Person("U0ANA", "ana", "ana@askproai.de")


@pytest.mark.parametrize(
    ("user", "words"),
    [("U0GUEST", "guests"), ("U0STRANGE", "other workspaces"), ("U0SHIP", "bots")],
)
def test_guests_strangers_and_bots_are_refused(people, user, words):
    with pytest.raises(Refused, match=words) as refusal:
        people.person(user)
    assert refusal.value.code == "guest"


def test_a_deactivated_account_is_refused_and_holds_nothing(people, slack):
    assert people.holds(by_id("U0BEN"), "approver")
    slack.server.workspace.add_person(replace(slack.server.workspace.person("ben"), deleted=True))
    with pytest.raises(Refused, match="deactivated"):
        people.person("U0BEN")
    with pytest.raises(IdentityUnknown):
        people.holds(by_id("U0BEN"), "approver")


@pytest.mark.parametrize(
    ("user", "role", "expected"),
    [
        ("U0ANA", "deployer", True),
        ("U0ANA", "approver", False),
        ("U0BEN", "approver", True),
        ("U0OMAR", "operator", True),
        ("U0BEN", "operator", False),
        ("U0LEA", "admin", True),
        ("U0LEA", "deployer", True),
        ("U0LEA", "nothing", True),
        ("U0ANA", "nothing", False),
    ],
)
def test_roles_come_by_group_by_address_and_from_being_an_admin(people, user, role, expected):
    assert people.holds(by_id(user), role) is expected


def test_membership_is_asked_at_each_call(people, slack):
    assert people.holds(by_id("U0ANA"), "deployer")
    group = slack.server.workspace.groups["S0DEV"]
    slack.server.workspace.add_group(replace(group, people=["U0BEN"]))
    assert not people.holds(by_id("U0ANA"), "deployer")


def test_which_group_a_handle_means_is_remembered_for_a_minute(people, slack, clock):
    for _ in range(3):
        people.holds(by_id("U0ANA"), "deployer")
    assert len(slack.driver.calls("usergroups.list")) == 1
    clock[0] = HANDLES_SECONDS
    people.holds(by_id("U0ANA"), "deployer")
    assert len(slack.driver.calls("usergroups.list")) == 2


@pytest.mark.parametrize("method", ["users.info", "auth.test", "usergroups.list", "usergroups.users.list"])
@pytest.mark.parametrize("fault", [Kind.SERVER_ERROR, Kind.RATE_LIMITED, Kind.REFUSE, Kind.ERROR])
def test_whatever_cannot_be_asked_is_a_refusal(people, slack, method, fault):
    slack.server.faults.add(fault, method, detail="missing_scope")
    with pytest.raises(IdentityUnknown, match="so I did nothing"):
        people.holds(by_id("U0ANA"), "deployer")


def test_a_question_that_slack_never_answers_is_given_up(people, slack):
    slack.server.faults.add(Kind.HANG, "users.info")
    with pytest.raises(IdentityUnknown):
        people.holds(by_id("U0ANA"), "deployer")
    slack.server.faults.clear()


def test_an_entry_that_cannot_be_asked_matters_only_when_no_other_says_yes(people, slack):
    slack.server.faults.add(Kind.SERVER_ERROR, "users.lookupByEmail")
    assert people.holds(by_id("U0ANA"), "deployer")
    with pytest.raises(IdentityUnknown):
        people.holds(by_id("U0ANA"), "approver")


def test_a_handle_that_nobody_has_is_a_fault_of_the_configuration(slack, clock):
    lookups = Lookups(slack.server.tokens.bot, base_url=slack.server.api_url)
    people = SlackPeople(lookups, {"deployer": ("@nobody",)}, monotonic=lambda: clock[0])
    with pytest.raises(IdentityUnknown, match=r"no user group @nobody; an admin has to correct \[roles\]"):
        people.holds(by_id("U0ANA"), "deployer")


def test_an_address_that_nobody_has_gives_nobody_the_role(slack, clock):
    lookups = Lookups(slack.server.tokens.bot, base_url=slack.server.api_url)
    people = SlackPeople(lookups, {"deployer": ("gone@askproai.de", "U0BEN")}, monotonic=lambda: clock[0])
    assert people.holds(by_id("U0BEN"), "deployer")
    assert not people.holds(by_id("U0ANA"), "deployer")


def test_operators_are_vouched_for_by_the_operating_system_even_with_slack_down(people, slack):
    slack.server.faults.add(Kind.REFUSE)
    assert people.operator("omar") == Person("U0OMAR", "omar")
    assert people.operator("root") == Person("cli:root", "root")
    assert people.holds(people.operator("root"), "operator")
    assert not people.holds(people.operator("mallory"), "nothing")
    assert not people.holds(people.operator("root"), "nothing")
    with pytest.raises(IdentityUnknown):
        people.holds(people.operator("omar"), "operator")
    with pytest.raises(IdentityUnknown):
        people.holds(Person("cli:omar", "omar"), "operator")


def test_holders_are_mentioned_and_stand_as_configured_when_slack_is_away(people, slack):
    assert people.holders("approver") == ("<!subteam^S0REL>",)
    assert people.holders("admin") == ("<@U0LEA>",)
    slack.server.faults.add(Kind.REFUSE)
    assert people.holders("admin") == ("lead@askproai.de",)
    assert people.holders("unknown") == ()
