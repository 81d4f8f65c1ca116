"""Which release to go back to, chosen from the ledger of what an environment served; pure.

The ledger holds every deployment that served well (it succeeded on every target) and, as warnings, those that were
marked bad without ever serving well. The rule, in the order of reading:

1. Begin below the entry that is to be undone. One that never served well stands above the head: begin with the head.
2. Walk towards older entries. A rollback stands for the entry whose release it brought back, so the walk goes on below
   *that* entry: what people went past on purpose is not offered again, and going back twice goes back twice.
3. Take the first entry that is not marked bad, was not undone, has another SHA than the one to be undone, and whose SHA
   was not marked bad after it had served well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One deployment, as far as going back is concerned."""

    id: int
    sha: str
    at: datetime
    """When it had served well; for one that never did, when it ended."""
    served: bool = True
    rollback: bool = False
    bad: bool = False
    undone: bool = False

    @property
    def order(self) -> tuple[datetime, int]:
        """Return the entry's place in time."""
        return self.at, self.id


def choose(entries: Sequence[Entry], *, undoing: str, below: int | None = None) -> Entry | None:
    """Return the entry to go back to from the SHA `undoing`, served by the deployment `below` if it served at all."""
    return next((entry for entry in line(entries, below) if _fit(entry, entries, undoing)), None)


def offered(entries: Sequence[Entry], *, undoing: str) -> tuple[Entry, ...]:
    """Return every entry that a person may name to go back to, newest first, the newest of each SHA."""
    seen: dict[str, Entry] = {}
    for entry in _served(entries):
        if _fit(entry, entries, undoing):
            seen.setdefault(entry.sha, entry)
    return tuple(seen.values())


def head(entries: Sequence[Entry]) -> Entry | None:
    """Return the entry that runs now."""
    return next((entry for entry in _served(entries) if not entry.undone), None)


def line(entries: Sequence[Entry], below: int | None = None) -> Iterator[Entry]:
    """Walk the ledger from the newest to the oldest, past what a rollback went past.

    `below` is the deployment to begin under; when it is not in the ledger, the walk begins with the head.
    """
    ledger = _served(entries)
    place = next((i for i, entry in enumerate(ledger) if entry.id == below), None)
    if place is None:
        place = next((i for i, entry in enumerate(ledger) if not entry.undone), len(ledger))
    else:
        place = _origin(ledger, place) + 1
    while place < len(ledger):
        yield ledger[place]
        place = _origin(ledger, place) + 1


def _served(entries: Sequence[Entry]) -> list[Entry]:
    return sorted((entry for entry in entries if entry.served), key=lambda entry: entry.order, reverse=True)


def _origin(ledger: Sequence[Entry], place: int) -> int:
    """Return the place of the deployment that first brought what stands here, following rollbacks down."""
    while ledger[place].rollback:
        older = range(place + 1, len(ledger))
        found = next((i for i in older if ledger[i].sha == ledger[place].sha), None)
        if found is None:
            break
        place = found
    return place


def _fit(entry: Entry, entries: Sequence[Entry], undoing: str) -> bool:
    if entry.bad or entry.undone or entry.sha == undoing:
        return False
    return not any(other.bad and other.sha == entry.sha and other.order > entry.order for other in entries)
