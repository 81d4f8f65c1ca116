"""Writers of one process take turns: one at a time, the urgent ones first, nobody for ever."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

from storage.turns import Turns


def test_one_at_a_time_has_the_turn():
    turns, inside, most = Turns(), [], []

    def write(number: int) -> None:
        with turns.turn(urgent=number % 3 == 0, within=30) as came:
            assert came
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(400)))
    assert most == [1] * 400


def test_the_urgent_one_goes_before_those_who_have_waited_longer():
    turns, order = Turns(), []

    def write(name: str, *, urgent: bool) -> None:
        with turns.turn(urgent=urgent, within=30):
            order.append(name)

    with ThreadPoolExecutor(4) as pool, turns.turn(urgent=False, within=30):
        for name, urgent in (("one", False), ("two", False), ("now", True)):
            pool.submit(write, name, urgent=urgent)
            while len(turns._urgent) + len(turns._others) < {"one": 1, "two": 2, "now": 3}[name]:
                pass
    assert order == ["now", "one", "two"]


def test_who_waits_too_long_is_told_so_and_takes_nobodys_place():
    turns, go_on = Turns(), Event()

    def hold() -> None:
        with turns.turn(urgent=False, within=30):
            go_on.wait(30)

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(hold)
        while not turns._taken:
            pass
        with turns.turn(urgent=True, within=0.01) as came:
            assert not came
        go_on.set()
        held.result()
    with turns.turn(urgent=False, within=30) as came:
        assert came


def test_the_turn_is_given_on_when_the_writer_breaks():
    turns = Turns()
    for _ in range(2):
        try:
            with turns.turn(urgent=False, within=30) as came:
                assert came
                raise ValueError  # noqa: TRY301 - what a broken writer does
        except ValueError:
            pass
