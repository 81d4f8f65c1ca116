"""A role that the configuration gives to nobody is nobody's, and nobody has to be asked for that."""

import pytest

from bot.slack.identity import Lookups, SlackPeople
from commands.services import Person


class Silent(Lookups):
    """A workspace that may not be asked."""

    def ask(self, method: str, **arguments: str):
        raise AssertionError(f"{method} was asked")


@pytest.mark.parametrize("roles", [{}, {"deployer": ()}, {"deployer": (), "admin": ()}])
@pytest.mark.parametrize("who", ["U0ANA", "cli:root"])
def test_a_role_that_nobody_was_given_is_nobodys(roles, who):
    people = SlackPeople(Silent("xoxb-0"), roles, monotonic=lambda: 0.0)
    assert not people.holds(Person(who, "somebody"), "deployer")
