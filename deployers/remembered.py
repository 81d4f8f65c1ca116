"""What lies between two commits never changes: a repository that answers the same question once."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from typing import TypeVar

from deployers.ports import Difference, Repository, Revision

MOST = 64
"""So many answers of each kind are kept, those that were asked for last."""
Found = TypeVar("Found")


class OnceAsked:
    """Any repository; refs move, so they are asked for anew every time. Safe to use from several threads."""

    def __init__(self, repository: Repository) -> None:
        self._asked = repository
        self._lock = Lock()
        self._differences: OrderedDict[tuple[str, ...], Difference] = OrderedDict()
        self._contents: OrderedDict[tuple[str, ...], Mapping[str, str]] = OrderedDict()

    def resolve(self, ref: str) -> Revision:
        """Return what the ref names now."""
        return self._asked.resolve(ref)

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        """Return tags and branches whose names contain the text."""
        return self._asked.refs(beginning, limit=limit)

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        """Return what lies between two SHAs."""
        return self._once(
            self._differences, (base, head, migrations), lambda: self._asked.between(base, head, migrations=migrations)
        )

    def read(self, sha: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Return the first 64 KiB of these files as they are at a full SHA."""
        return self._once(self._contents, (sha, *paths), lambda: self._asked.read(sha, paths))

    def _once(
        self, kept: OrderedDict[tuple[str, ...], Found], question: tuple[str, ...], ask: Callable[[], Found]
    ) -> Found:
        with self._lock:
            if question in kept:
                kept.move_to_end(question)
                return kept[question]
        found = ask()
        with self._lock:
            kept[question] = found
            while len(kept) > MOST:
                kept.popitem(last=False)
        return found
