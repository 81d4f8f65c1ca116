"""The database is locked by somebody else for longer than it is waited for: people are told, and nothing is lost."""

import pytest

from tests.system.outages import LockedFile

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

LOCKED = 150.0
"""How long it may take until a write is given up; half a minute, where nothing else is done."""


@pytest.fixture
def base(calm):
    file = LockedFile(calm.world.state / "shipmate.db")
    yield file
    file.comes_back()


def test_who_asks_while_the_database_is_locked_is_told_and_what_runs_ends_well_afterwards(calm, base):
    calm.pushes_held("steadfast")
    number = calm.begins("steadfast")
    calm.holds()
    calm.shows(number, "Abort")
    base.goes_away()
    before = calm.newest()
    calm.says("ana", "/deploy staging v2.3")
    calm.is_told("ana", "I could not write this down, so I did nothing. Try again in a minute.")
    calm.lets_go()
    calm.world.slack.eventually(lambda: "the database is away" in calm.world.bot.log.read_text(), LOCKED, "the log")
    assert calm.world.bot.runs
    calm.serves("v2.2")
    base.comes_back()
    calm.comes_to(number, "succeeded")
    calm.shows(number, "deployed `steadfast` to *production*")
    calm.serves("steadfast")
    assert calm.newest() == before, "what could not be written down was not done"
    assert calm.ran_twice() == []
