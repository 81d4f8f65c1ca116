"""One attempt at conducting a deployment, which is given up when the database does not answer it any more."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Lock, Thread
from time import monotonic

from storage.errors import StoreUnavailable
from storage.store import Rows, Session

PATIENCE = 5.0
"""Seconds without an answer after which the database counts as away, where production waits for it."""
_LOOK_EVERY = 0.25


class Turnstile:
    """The rows as one attempt uses it; nobody gets through any more once the attempt was given up."""

    def __init__(self, rows: Rows) -> None:
        """Stand before the rows, open."""
        self._rows = rows
        self._lock = Lock()
        self._inside: dict[object, float] = {}
        self._closed = False

    def begin(self) -> AbstractContextManager[Session]:
        """Open a write transaction, as `Store.begin`."""
        return self._through(self._rows.begin)

    def look(self) -> AbstractContextManager[Session]:
        """Open a session that only looks, as `Store.look`."""
        return self._through(self._rows.look)

    def close_if_stuck(self, seconds: float) -> bool:
        """Close it if somebody has been inside for so long, and say whether it is closed."""
        with self._lock:
            self._closed = self._closed or any(monotonic() - since > seconds for since in self._inside.values())
            return self._closed

    @contextmanager
    def _through(self, way: Callable[[], AbstractContextManager[Session]]) -> Iterator[Session]:
        ticket = object()
        with self._lock:
            self._demand_open()
            self._inside[ticket] = monotonic()
        try:
            with way() as session:
                yield session
        finally:
            with self._lock:
                del self._inside[ticket]
        with self._lock:
            self._demand_open()

    def _demand_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("of this deployment", "it answered too late")


class Attempt:
    """Runs in a thread of its own, so that a database that hangs does not hang whoever waits for it."""

    def __init__(self, do: Callable[[], str], turnstile: Turnstile) -> None:
        """Remember what to do, and the turnstile through which it goes to the database."""
        self._do = do
        self._turnstile = turnstile
        self._over = Event()
        self._came_to = ""
        self._error: BaseException | None = None

    def result(self, *, urgent: Callable[[], bool], patience: float = PATIENCE) -> str:
        """Return what it comes to; where it is urgent, only as long as the database answers.

        Raises:
            StoreUnavailable: the database is away, or does not answer; nothing more is written by this attempt.
        """
        Thread(target=self._run, name="deployment", daemon=True).start()
        while not self._over.wait(_LOOK_EVERY):
            if urgent() and self._turnstile.close_if_stuck(patience):
                raise StoreUnavailable("of this deployment", f"it has not answered for {patience:g} s")
        if self._error:
            raise self._error
        return self._came_to

    def _run(self) -> None:
        try:
            self._came_to = self._do()
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            self._error = error
        finally:
            self._over.set()
