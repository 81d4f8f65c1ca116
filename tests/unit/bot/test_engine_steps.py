"""What may be done again waits for a database that is away."""

import pytest

from bot.engine import patiently
from deployers.errors import Fenced
from storage.errors import StoreUnavailable


def test_it_is_done_again_until_the_database_is_there():
    tries, pauses = iter([StoreUnavailable("db", "away"), StoreUnavailable("db", "away"), None]), []

    def do() -> str:
        if error := next(tries):
            raise error
        return "done"

    assert patiently(do, pauses.append) == "done"
    assert pauses == [0.5, 1.0]


def test_anything_else_that_goes_wrong_is_not_waited_for():
    def do() -> str:
        raise Fenced("web1", 1, 2)

    with pytest.raises(Fenced):
        patiently(do, lambda _: pytest.fail("it waited"))
