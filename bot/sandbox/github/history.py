"""Reads the sandbox's bare git repository for the stand-in for GitHub."""

import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_QUIET = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
_FIELDS = ("%H", "%T", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%B")
_STATUS = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}


class Absent(Exception):
    """The repository has no such object."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who, and when."""

    name: str
    email: str
    at: datetime

    @property
    def login(self) -> str:
        """Return the GitHub login of the sample's people: their first name."""
        return self.name.split(" ")[0].lower()


@dataclass(frozen=True, slots=True)
class GitCommit:
    """A commit, as git has it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


@dataclass(frozen=True, slots=True)
class GitRef:
    """A branch or a tag: what it names, and the commit behind that."""

    full: str
    sha: str
    kind: str
    """`commit`, or `tag` for one with a message of its own."""
    peeled: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that differs between two trees."""

    path: str
    status: str
    blob: str
    additions: int
    deletions: int


class History:
    """The bare repository."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, GitCommit] = {}
        """By full SHA, under which a commit never changes."""

    def refs(self, beginning: str = "refs/") -> list[GitRef]:
        """Return the refs whose full names begin so, in their order."""
        form = "--format=%(refname)%00%(objectname)%00%(objecttype)%00%(*objectname)"
        lines = self._git("for-each-ref", form, "refs/heads", "refs/tags").splitlines()
        found = (GitRef(full, sha, kind, peeled or sha) for full, sha, kind, peeled in (it.split("\0") for it in lines))
        return [ref for ref in found if ref.full.startswith(beginning)]

    def commit(self, name: str) -> GitCommit:
        """Return the commit that a name or a SHA stands for; Absent if there is none."""
        if name in self._known:
            return self._known[name]
        sha = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
        return self._known.setdefault(sha, self.log(sha, limit=1)[0])

    def kind(self, sha: str) -> str:
        """Return what a SHA is: `commit`, `tag`, `tree`, `blob`; Absent if it is nothing."""
        return self._git("cat-file", "-t", sha).strip()

    def log(self, *revisions: str, limit: int = 100_000) -> list[GitCommit]:
        """Return commits, newest first."""
        form = f"--format=tformat:{'%x01'.join(_FIELDS)}"
        printed = self._git("log", "-z", form, f"--max-count={limit}", "--end-of-options", *revisions, "--")
        return [_commit(text.split("\1")) for text in printed.split("\0") if text]

    def count(self, *revisions: str) -> int:
        """Return how many commits there are."""
        return int(self._git("rev-list", "--count", "--end-of-options", *revisions, "--"))

    def merge_base(self, one: str, other: str) -> str:
        """Return the newest commit that both hold; Absent if they share nothing."""
        return self._git("merge-base", one, other).strip()

    def changed(self, base: str, head: str) -> list[Changed]:
        """Return which files differ between two commits."""
        words = ("-r", "--no-renames", "-z", base, head)
        numbers = {}
        for line in self._git("diff-tree", "--numstat", *words).split("\0"):
            if line:
                more, less, path = line.split("\t", 2)
                numbers[path] = (int(more) if more.isdigit() else 0, int(less) if less.isdigit() else 0)
        raw = self._git("diff-tree", "--raw", "--no-abbrev", *words).split("\0")
        pairs = zip(raw[::2], raw[1::2], strict=False)
        return [_changed(about.split(" "), path, numbers[path]) for about, path in pairs]

    def tag(self, sha: str) -> tuple[str, str, str, Signature, str]:
        """Return an annotated tag's object, its kind, name, tagger and message; Absent if the SHA is no tag."""
        if self.kind(sha) != "tag":
            raise Absent(sha)
        head, _, message = self._git("cat-file", "tag", sha).partition("\n\n")
        fields = dict(line.split(" ", 1) for line in head.splitlines())
        return fields["object"], fields["type"], fields["tag"], _signature(fields["tagger"]), message.strip()

    def tree(self, name: str, *, deep: bool) -> tuple[str, list[tuple[str, str, str, str]]]:
        """Return a tree's SHA and its entries: mode, kind, SHA, path; Absent if there is none."""
        sha = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{tree}}").strip()
        printed = self._git("ls-tree", "-z", *(("-r", "-t") if deep else ()), sha)
        entries = []
        for line in filter(None, printed.split("\0")):
            about, path = line.split("\t", 1)
            mode, kind, entry = about.split()
            entries.append((mode, kind, entry, path))
        return sha, entries

    def content(self, sha: str, path: str) -> str:
        """Return a file as it is at a commit; Absent if there is none."""
        return self._git("cat-file", "blob", f"{sha}:{path}")

    def _git(self, *words: str) -> str:
        environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GIT_")}, **_QUIET}
        done = subprocess.run(
            ["git", *words], cwd=self._path, capture_output=True, env=environment, check=False, timeout=30
        )
        if done.returncode:
            raise Absent(done.stderr.decode(errors="replace").strip())
        return done.stdout.decode(errors="replace")


def _commit(fields: list[str]) -> GitCommit:
    sha, tree, parents, *people, message = fields
    author, committer = (_who(*people[at : at + 3]) for at in (0, 3))
    return GitCommit(sha, tree, tuple(parents.split()), author, committer, message.strip())


def _who(name: str, email: str, at: str) -> Signature:
    return Signature(name, email, datetime.fromtimestamp(int(at), UTC))


def _signature(line: str) -> Signature:
    who, _, when = line.rpartition("> ")
    name, _, email = who.partition(" <")
    return _who(name, email, when.split()[0])


def _changed(about: list[str], path: str, numbers: tuple[int, int]) -> Changed:
    _, _, before, after, letter = about
    blob = after if letter != "D" else before
    return Changed(path, _STATUS.get(letter[0], "modified"), blob, *numbers)
