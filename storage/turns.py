"""One writer after the other within a process, the urgent ones first.

SQLite lets one write at a time and has the others sleep and try again, up to a tenth of a second each time and in no
order; whoever waits here is woken the moment it is his turn.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """Hands the right to write from one thread to the next; not for a thread that has it already."""

    def __init__(self) -> None:
        self._books = Lock()
        self._taken = False
        self._urgent: deque[Lock] = deque()
        self._others: deque[Lock] = deque()

    @contextmanager
    def turn(self, *, urgent: bool, within: float) -> Iterator[bool]:
        """Wait for the turn, but not for ever, and yield whether it came; give it on at the end."""
        came = self._wait(self._urgent if urgent else self._others, within)
        try:
            yield came
        finally:
            if came:
                self._give_on()

    def _wait(self, queue: deque[Lock], within: float) -> bool:
        mine = Lock()
        with self._books:
            if not self._taken:
                self._taken = True
                return True
            mine.acquire()
            queue.append(mine)
        if mine.acquire(timeout=within):
            return True
        with self._books:
            if mine in queue:
                queue.remove(mine)
                return False
            return True  # it was given on in this very moment

    def _give_on(self) -> None:
        with self._books:
            queue = self._urgent or self._others
            if queue:
                queue.popleft().release()
            else:
                self._taken = False
