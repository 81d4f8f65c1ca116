"""What the deployers need of a git repository, wherever it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit, as people want to see it."""

    sha: str
    subject: str
    author: str
    at: datetime
    url: str = ""
    """Where it can be looked at; empty where there is only git."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A ref that was resolved, once."""

    ref: str
    """The short name: `v2.3`, `main`, or the SHA itself."""
    full_ref: str
    """`refs/tags/v2.3`, `refs/heads/main`, or empty for a SHA."""
    sha: str
    published: str = ""
    """For a tag that is suggested: `release` or `pre-release`, where somebody made it one."""


@dataclass(frozen=True, slots=True)
class Danger:
    """A statement of a migration that takes something away."""

    path: str
    line: int
    what: str
    """As a predicate: `drops a column`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What lies between what runs and what is asked."""

    ahead: tuple[Commit, ...]
    """Commits that go live, newest first, at most 100."""
    ahead_count: int
    behind: tuple[Commit, ...]
    """Commits that disappear, newest first, at most 100."""
    behind_count: int
    migrations: tuple[str, ...]
    """Paths below the recipe's migrations folder that were added or changed, in either direction."""
    files_changed: int = 0
    insertions: int = 0
    deletions: int = 0
    touched: tuple[str, ...] = ()
    """At most 200 paths."""
    url: str = ""
    """Where it can be looked at; empty where there is only git."""
    compatible: tuple[str, ...] = ()
    """Those of the migrations that say in themselves that the release before them can run on the changed database."""
    dangers: tuple[Danger, ...] = ()
    """What the migrations take away; `deployers.destructive` reads both from their contents."""


class Repository(Protocol):
    """A git repository, wherever it is; every method may raise RepositoryUnreachable."""

    def resolve(self, ref: str) -> Revision:
        """Return what the ref names: a tag or a branch by full name, peeled, or a full SHA.

        Raises:
            RefRefused: it is hostile, missing or ambiguous; carries the closest names.
        """
        ...

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        """Return what lies between two SHAs; `base` may be empty when nothing runs yet."""
        ...

    def read(self, sha: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Return the first 64 KiB of these files as they are at a full SHA; those that are not there are left out."""
        ...

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        """Return tags (newest version first), then branches whose names contain the text; as last fetched."""
        ...
