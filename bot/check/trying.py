"""Try many things at once, each with a deadline; what raises or hangs becomes a result like any other."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic

from bot.check.results import Grade, Result
from commands.errors import CommandError
from deployers.errors import DeployError
from storage.errors import StorageError

SPOKEN = (CommandError, DeployError, StorageError)
"""Errors whose text is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something to try; `look` may take its time, and may raise whatever it likes."""

    area: str
    name: str
    look: Callable[[], Iterable[Result]]
    todo: str = ""
    """What to do when it cannot even be tried."""


def examine(attempts: Sequence[Attempt], *, seconds: float) -> Iterator[Result]:
    """Yield every result in the order of the attempts; all are tried at once, and none is waited for longer."""
    ends = monotonic() + seconds
    heard: list[tuple[Attempt, SimpleQueue[list[Result]]]] = [(attempt, SimpleQueue()) for attempt in attempts]
    for attempt, answer in heard:
        # A daemon: whoever hangs must not keep the process alive.
        threading.Thread(target=lambda a=attempt, q=answer: q.put(_tried(a)), daemon=True).start()
    for attempt, answer in heard:
        try:
            yield from answer.get(timeout=max(0.0, ends - monotonic()))
        except Empty:
            yield Result(attempt.area, attempt.name, Grade.BAD, f"no answer within {seconds:g} s", attempt.todo)


def _tried(attempt: Attempt) -> list[Result]:
    try:
        return list(attempt.look())
    except SPOKEN as error:
        return [Result(attempt.area, attempt.name, Grade.BAD, str(error), attempt.todo)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the other attempts go on and this one says so
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return [Result(attempt.area, attempt.name, Grade.BAD, said, attempt.todo)]
