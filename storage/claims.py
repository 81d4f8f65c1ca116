"""The rows as one request may use them: only while it is ours to run."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from storage import inbox
from storage.store import Rows, Session


class Claim:
    """A store that writes for one request, in whose transactions it is made sure that no other process runs it."""

    def __init__(self, rows: Rows, row_id: int, owner: str) -> None:
        """Remember for whom it writes."""
        self._rows = rows
        self._id = row_id
        self._owner = owner

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a write transaction, during which nobody else can claim the request.

        Raises:
            ClaimLost: another process runs the request now.
        """
        with self._rows.begin() as session:
            inbox.hold(session, self._id, self._owner)
            yield session

    def look(self) -> AbstractContextManager[Session]:
        """Open a session that cannot write."""
        return self._rows.look()
