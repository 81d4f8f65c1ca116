"""Who may ask and decide: nobody who is a guest, a stranger, a bot or gone, and nobody while it cannot be told."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.sandbox.slack import Kind

GUESTS = {"gus": "guests", "sam": "people from other workspaces"}


@contextmanager
def being(scene, person: str, **flags: bool) -> Iterator[None]:
    """Let somebody be something else for a while."""
    who = scene.world.workspace.person(person)
    before = {flag: getattr(who, flag) for flag in flags}
    for flag, value in flags.items():
        setattr(who, flag, value)
    try:
        yield
    finally:
        for flag, value in before.items():
            setattr(who, flag, value)


@pytest.mark.parametrize("person", GUESTS)
def test_guests_and_strangers_neither_ask_nor_decide(calm, person):
    calm.says(person, "/deploy production v2.3")
    calm.is_told(person, f"I take nothing from {GUESTS[person]}")
    assert calm.unfinished() == []
    number = calm.asks("v2.3")
    calm.presses(person, "Approve")
    calm.until("a second refusal", lambda: len(calm.refusals(person)) == 2)
    assert calm.refusals(person) == ["guest", "guest"]
    assert calm.status(number) == "awaiting_approval"


@pytest.mark.parametrize(("flag", "kind"), [("deleted", "deactivated accounts"), ("bot", "bots")])
def test_who_is_deactivated_or_a_bot_neither_asks_nor_decides_whatever_groups_they_are_in(calm, flag, kind):
    number = calm.asks("v2.3")
    with being(calm, "ben", **{flag: True}):
        calm.presses("ben", "Approve")
        calm.is_told("ben", f"I take nothing from {kind}")
        calm.says("ben", "/deploy staging v2.3")
        calm.until("a second refusal", lambda: len(calm.refusals("ben")) == 2)
    assert (calm.status(number), calm.unfinished()) == ("awaiting_approval", [number])


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
def test_while_slack_cannot_say_who_somebody_is_nobody_asks_and_nobody_decides(calm, method):
    number = calm.asks("v2.3")
    calm.faults.add(Kind.ERROR, method, detail="internal_error")
    calm.says("omar", "/deploy production main")
    calm.is_told("omar", "I could not check who you are (Slack answered internal_error), so I did nothing")
    calm.presses("ben", "Approve")
    calm.is_told("ben", "I could not check who you are", "Try again in a minute")
    assert (calm.refusals("omar"), calm.refusals("ben")) == (["identity"], ["identity"])
    assert (calm.status(number), calm.unfinished()) == ("awaiting_approval", [number])


def test_an_approval_counts_only_while_its_giver_has_the_role(calm):
    calm.pushes_held("held-by-nobody")
    number = calm.asks("held-by-nobody")
    group = calm.world.workspace.groups["S0REL"]
    calm.presses("ben", "Approve")
    calm.comes_to(number, "preparing")
    group.people.remove("U0BEN")
    try:
        calm.lets_go()
        calm.comes_to(number, "refused")
    finally:
        group.people.append("U0BEN")
    calm.shows(number, "does not have the role any more")
    assert calm.world.host("web1").serves == "v2.2"


def test_who_may_not_deploy_is_told_whom_to_ask(calm):
    calm.world.workspace.groups["S0DEV"].people.remove("U0ANA")
    try:
        calm.says("ana", "/deploy production v2.3")
        calm.is_told("ana", "may ask for a deployment, and you are not one of them")
    finally:
        calm.world.workspace.groups["S0DEV"].people.append("U0ANA")
    assert (calm.refusals("ana"), calm.unfinished()) == (["role"], [])
