"""The engine looks into its queue often while something may begin, and seldom at rest."""

from bot.engine import QUICK, SELDOM, SLOW, SOON, Engine


class Queue:
    """Remembers how often it is looked into."""

    def __init__(self) -> None:
        self.told: list[float] = []

    def set_polling_interval_sec(self, value: float) -> None:
        self.told.append(value)


def test_the_queue_is_told_only_when_the_pace_changes():
    engine = Engine("sqlite://", conduct=str, expire=str, lost=print)
    engine._queue, engine._timers = queue, timers = Queue(), Queue()
    for busy in (True, False, False, True, True, False):
        engine.pace(busy=busy)
    assert queue.told == [SLOW, QUICK, SLOW]
    assert timers.told == [SELDOM, SOON, SELDOM]


def test_before_the_launch_there_is_nothing_to_pace():
    Engine("sqlite://", conduct=str, expire=str, lost=print).pace(busy=True)
