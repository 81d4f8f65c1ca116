"""Answers that lose data: the environment's name is typed, and what cannot be done is refused with its reason."""

import pytest

from storage import deployments, holds
from storage.models import Hold, HoldKind
from tests.unit.commands.world import World

FACTS = {"cannot": {"restore": "there is no backup that was read back whole"}, "migrations": ["m/007.sql"]}


@pytest.fixture
def world(store):
    made = World(store)
    made.serves("v2.2")
    return made


@pytest.fixture
def hold(world) -> Hold:
    number = world.runs("v2.3")
    with world.store.begin() as session:
        deployment = deployments.get_for_change(session, number)
        return holds.open_(
            session, deployment, HoldKind.DATABASE, key="database", why="it failed", at=world.now, facts=FACTS
        )


def submit(world: World, who: str, hold: Hold, word: str, typed: str):
    value = f"{world.value(hold.deployment_id)}:{hold.id}:{word}:production"
    return world.submits(who, "hold.typed", value, confirm=typed)


def answered(world: World, hold: Hold) -> str | None:
    with world.store.look() as session:
        return holds.numbered(session, hold.number).answer


def test_the_name_is_typed_letter_for_letter(world, hold):
    assert submit(world, "ben", hold, "step_back", "prod").code == "confirm"
    assert answered(world, hold) is None
    assert submit(world, "ben", hold, "step_back", " production ").ok
    assert answered(world, hold) == "step_back"


def test_only_who_answers_for_deployments_may_decide(world, hold):
    assert submit(world, "ana", hold, "step_back", "production").code == "role"


def test_what_cannot_be_done_is_refused_with_its_reason(world, hold):
    refused = submit(world, "ben", hold, "restore", "production")
    assert refused.code == "impossible"
    assert "no backup" in refused.text
    assert answered(world, hold) is None


def test_the_command_types_it_as_an_option_and_leaving_needs_none(world, hold):
    number = hold.deployment_id
    asked = world.says("ben", f"/deploy answer {number} step_back")
    assert asked.code == "confirm"
    assert f"`/deploy answer {number} step_back --confirm production`" in asked.text
    assert world.says("ben", f"/deploy answer {number} leave").ok
    assert answered(world, hold) == "leave"
