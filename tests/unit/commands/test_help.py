"""Help shows what this person may do, and a mistyped word leads to the right one."""

import pytest

from commands.command import Request
from commands.registry import MESSAGES
from tests.unit.commands.world import PEOPLE


def heard(world, who: str, text: str) -> str:
    (message,) = MESSAGES
    return message(Request("message", PEOPLE[who], text=text), world.services).text


def test_help_shows_only_what_one_may_do_and_whom_to_ask_for_the_rest(world):
    ana, omar, gus = (world.says(who, "/deploy help").text for who in ("ana", "omar", "gus"))
    assert "`/deploy &lt;environment&gt; &lt;revision&gt;" in ana
    assert "/rollback" in ana
    assert "/deploy resolve" not in ana
    assert "To approve, ask <@U0BEN>, <@U0LEA>" in ana
    assert "/deploy resolve" in omar
    assert "`/deploy &lt;environment&gt; &lt;revision&gt;" not in gus
    assert "/rollback latest" not in gus
    assert "/deploy status" in gus
    assert "You have no role here yet" in gus
    assert "To deploy, ask <@U0ANA>" in gus


def test_an_admin_is_shown_everything(world):
    told = world.says("lea", "/deploy help").text
    assert "/deploy resolve" in told
    assert "every role" in told


def test_who_may_roll_back_is_told_so_by_the_role_that_is_configured_for_it(world):
    world.people.roles["rollback"] = ("U0LEA",)
    assert "/rollback latest" not in world.says("ana", "/deploy help").text
    assert "/rollback latest" in world.says("omar", "/deploy help").text


def test_without_knowing_the_roles_everything_is_shown_and_said_so(world):
    world.people.away = True
    told = world.says("gus", "/deploy help").text
    assert "/deploy resolve" in told
    assert "I could not check your roles" in told


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("statsu", "/deploy status"),
        ("stauts production", "/deploy status production"),
        ("histroy", "/deploy history"),
        ("hlep", "/deploy help"),
        ("cancle 12", "/deploy cancel 12"),
        ("resovle 12 3.web1 ran", "/deploy resolve 12 3.web1 ran"),
    ],
)
def test_a_mistyped_word_is_answered_with_the_closest_one(world, typed, meant):
    reply = world.says("ana", f"/deploy {typed}")
    assert not reply.ok
    assert reply.text.endswith(f"Did you mean `{meant}`?")


def test_a_release_called_like_a_word_is_deployed_all_the_same(world):
    world.shelf.tags.append("stats")
    assert world.says("ana", "/deploy stats staging").ok


def test_a_mistyped_environment_is_not_taken_for_a_word(world):
    assert "Did you mean `staging`?" in world.says("ana", "/deploy stagng v2.3").text


def test_a_word_like_none_says_what_is_missing(world):
    assert "Say where and what" in world.says("ana", "/deploy xyzzy").text


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("deploy production v2.3", "/deploy production v2.3"),
        ("status", "/deploy status"),
        ("check weekly", "/ops check weekly"),
        ("/rollback latest production", "/rollback latest production"),
        ("rolback latest", "/rollback latest"),
    ],
)
def test_a_message_starts_nothing_but_names_the_command_that_was_meant(world, said, meant):
    told = heard(world, "ana", said)
    assert f"You probably mean `{meant}`" in told
    assert world.engine.told == []


def test_any_other_message_is_answered_with_who_i_am_and_what_one_can_type(world):
    told = heard(world, "gus", "hello?")
    assert told.startswith("I ship your releases")
    assert "/deploy status" in told
    assert "/deploy resolve" not in told
