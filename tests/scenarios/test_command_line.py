"""The command line: the same rules as in Slack, known by `[operators]`, and no way past them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.sandbox.slack import Kind

OMAR = 'root = "U0OMAR"'


@contextmanager
def being(scene, line: str) -> Iterator[None]:
    """Let whoever types here be somebody else for a while."""
    scene.configures((OMAR, line))
    try:
        yield
    finally:
        scene.configures((line, OMAR))


def test_what_is_asked_for_from_a_shell_waits_for_somebody_else_as_well(calm):
    calm.pushes_held("from-a-shell")
    code, printed = calm.shipmate("deploy", "production", "from-a-shell", "--reason", "“it’s urgent”")
    assert (code, "needs 1 approval" in printed) == (0, True)
    number = calm.unfinished()[0]
    calm.shows(number, "<@U0OMAR>", "it’s urgent", "Approve")
    calm.presses("omar", "Approve")
    calm.is_told("omar", "somebody else has to approve")
    calm.presses("ben", "Approve")
    calm.comes_to(number, "preparing")


@pytest.mark.parametrize(
    ("line", "typed", "told"),
    [
        ('root = "U0GUEST"', "deploy production v2.3", "I could not check who you are"),
        ('root = "U0LATER"', "rollback latest production", "I could not check who you are"),
        ('nobody = "U0OMAR"', "rollback latest production", "you are not one of them"),
    ],
    ids=["a guest", "somebody Slack does not know", "nobody's operator"],
)
def test_who_has_no_role_is_refused_in_a_shell_as_well(calm, line, typed, told):
    with being(calm, line):
        code, printed = calm.shipmate(*typed.split())
    assert code == 1
    assert told in printed
    assert len(calm.audited("command.refused")) == 1
    assert (calm.unfinished(), calm.world.host("web1").serves) == ([], "v2.2")


def test_hostile_words_are_refused_in_a_shell_as_well(calm):
    for ref, told in (("v1$(id)", "letters, digits"), ("--upload-pack=touch", "--upload-pack"), ("v2.33", "v2.3")):
        code, printed = calm.shipmate("deploy", "production", ref)
        assert (code, told in printed) == (1, True), printed
    assert calm.unfinished() == []


def test_with_slack_away_a_shell_says_how_to_go_back_all_the_same(calm):
    calm.faults.add(Kind.REFUSE)
    code, printed = calm.shipmate("rollback", "latest", "production")
    assert code == 1
    assert "shipmate rollback latest production --break-glass" in printed


def test_nothing_is_resolved_that_is_not_unknown(calm):
    code, printed = calm.shipmate("resolve", "3", "2.web1", "ran")
    assert (code, "no step whose outcome is unknown" in printed) == (1, True)
