"""Homes are drawn for those who may see them, and drawn again when something has changed."""

import pytest

from bot.homes import APART, MOST, Homes, Keeper
from commands.errors import IdentityUnknown, Refused
from commands.services import Person
from storage import homes, outbox
from storage.models import Saying
from tests.unit.commands.world import Roles, World


class Onlookers(Roles):
    """Roles, and who somebody is."""

    def person(self, user: str) -> Person:
        if self.away:
            raise IdentityUnknown("Slack did not answer")
        if user == "U0GUEST":
            raise Refused("I take nothing from guests, so I did nothing.", "", "guest")
        return Person(user, "ana")


@pytest.fixture
def world(store) -> World:
    return World(store)


async def drawn(world: World, user: str, *, away: bool = False, patient: bool = False) -> str:
    people = Onlookers(away=away)
    return str(await Homes(world.services, people).draw(user, patient=patient))


async def test_a_member_sees_what_runs_and_a_guest_nothing_of_it(world):
    world.serves("v2.2")
    assert "v2.2" in await drawn(world, "U0ANA")
    told = await drawn(world, "U0GUEST")
    assert "full members only" in told
    assert "production" not in told
    assert "v2.2" not in told


async def test_without_knowing_who_it_is_nothing_is_shown_and_first_it_is_tried_again(world):
    world.serves("v2.2")
    with pytest.raises(IdentityUnknown):
        await drawn(world, "U0ANA", away=True, patient=True)
    told = await drawn(world, "U0ANA", away=True)
    assert "I could not check who you are" in told
    assert "v2.2" not in told


def keeper(world: World) -> Keeper:
    return Keeper(world.store, lambda: world.now, world.services.environments)


def opened(world: World, *people: str) -> None:
    with world.store.begin() as session:
        for person in people:
            homes.want(session, person, world.now)
    deliver(world)


def deliver(world: World) -> list[str]:
    """Draw everything that is due, and return for whom."""
    with world.store.begin() as session:
        due = [it for it in outbox.due(session, world.now, 100) if it.kind is Saying.HOME]
        for row in due:
            outbox.delivered(session, row.id, ts="", at=world.now, shown=row.wanted)
        return [row.person for row in due]


def test_nothing_is_drawn_while_nothing_happens(world):
    opened(world, "U0ANA")
    it = keeper(world)
    it.look()
    deliver(world)
    world.later(minutes=1)
    assert it.look() == 0
    assert deliver(world) == []


def test_a_change_is_drawn_for_those_who_opened_it_lately_spaced_out(world):
    opened(world, *(f"U{turn}" for turn in range(MOST + 10)))
    it = keeper(world)
    it.look()
    world.later(minutes=5)
    deliver(world)
    world.says("ana", "/deploy production v2.3")
    assert it.look() == MOST
    assert len(deliver(world)) == 1
    world.later(seconds=APART.total_seconds())
    assert len(deliver(world)) == 1
    world.later(minutes=2)
    assert len(deliver(world)) == MOST - 2


def test_many_changes_are_one_drawing_each(world):
    opened(world, "U0ANA")
    it = keeper(world)
    for version in ("v2.1", "v2.2", "v2.3"):
        world.says("ana", f"/deploy production {version}")
        it.look()
    assert deliver(world) == ["U0ANA"]
    assert deliver(world) == []


def test_who_has_not_opened_it_for_an_hour_is_left_alone(world):
    opened(world, "U0ANA")
    it = keeper(world)
    it.look()
    deliver(world)
    world.later(minutes=61)
    world.says("ana", "/deploy production v2.3")
    assert it.look() == 0
