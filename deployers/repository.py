"""A plain git repository, read through a bare mirror that the bot keeps."""

import fcntl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deployers import refs as grammar
from deployers.errors import RefRefused, RepositoryUnreachable
from deployers.git_command import GitFailed, environment, git, without_credentials
from deployers.ports import Commit, Difference, Revision

_ALL = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_PLACES = ("refs/tags", "refs/heads")
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_COMMITS = 100
_FILE = 65_536
_TOUCHED = 200
_FIELDS = ("%H", "%an", "%ct", "%s")


@dataclass(frozen=True, slots=True)
class _Ref:
    """A tag or a branch of the mirror."""

    full: str
    sha: str

    @property
    def name(self) -> str:
        return grammar.short(self.full)

    @property
    def is_tag(self) -> bool:
        return self.full.startswith("refs/tags/")


class GitRepository:
    """Any repository that git can fetch; safe to use from several threads and processes."""

    def __init__(
        self, git_url: str, mirror: Path, *, ssh_command: str = "", fetch_timeout: float = 60, read_timeout: float = 20
    ) -> None:
        self._git = git_url
        self._mirror = mirror.resolve()
        self._seen = environment(ssh_command)
        self._fetch_timeout = fetch_timeout
        self._read_timeout = read_timeout
        self._bell = threading.Event()

    def resolve(self, ref: str) -> Revision:
        """Return what the ref names now: a tag or a branch by full name, peeled, or a full SHA.

        Raises:
            RefRefused: it is hostile, missing or ambiguous; carries the closest names.
            RepositoryUnreachable: the repository could not be asked; what was fetched before does not count.
        """
        asked = grammar.accept(ref)
        self.fetch()
        known = {each.full: each for each in self._refs()}
        found = [known[name] for name in grammar.meanings(asked) if name in known]
        if grammar.is_sha(grammar.short(asked)):
            return self._by_sha(asked, found)
        if len(found) > 1:
            both = " or ".join(f"`{each.full}`" for each in found)
            raise RefRefused(asked, f"`{asked}` is ambiguous: type {both}")
        if not found:
            raise self._missing(asked, known)
        return Revision(found[0].name, found[0].full, self._peeled(found[0]))

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        """Return what lies between two SHAs; `base` may be empty when nothing runs yet."""
        self._demand(tuple(filter(None, (base, head))))
        ahead = (head, f"^{base}") if base else (head,)
        behind = (base, f"^{head}") if base else ()
        trees = (base or _EMPTY_TREE, head)
        files, insertions, deletions = _shortstat(self._diff("--shortstat", *trees))
        return Difference(
            ahead=self._log(ahead),
            ahead_count=self._count(ahead),
            behind=self._log(behind) if behind else (),
            behind_count=self._count(behind) if behind else 0,
            migrations=_paths(self._diff("--name-only", "-z", *trees, "--", migrations)) if migrations else (),
            files_changed=files,
            insertions=insertions,
            deletions=deletions,
            touched=_paths(self._diff("--name-only", "-z", *trees))[:_TOUCHED],
        )

    def read(self, sha: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the first 64 KiB of these files as they are at a full SHA; those that are not there are left out."""
        self._demand((sha,))
        found = {path: self._content(f"{sha}:{path}") for path in paths}
        return {path: content for path, content in found.items() if content is not None}

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        """Return tags (newest version first), then branches, whose names contain the text, as last fetched."""
        if not self._is_there():
            self.fetch()
        wanted = [
            ref for ref in self._refs() if grammar.may_be_typed(ref.name) and beginning.lower() in ref.name.lower()
        ]
        tags = {ref.name: ref for ref in wanted if ref.is_tag}
        ordered = [tags[name] for name in grammar.newest_first(tags)] + [ref for ref in wanted if not ref.is_tag]
        return tuple(Revision(ref.name, ref.full, ref.sha) for ref in ordered[:limit])

    def fetch(self) -> None:
        """Bring the mirror up to date; tags that were moved are moved, refs that were deleted go.

        Raises:
            RepositoryUnreachable: it could not be fetched in time.
        """
        self._mirror.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not self._is_there():
                self._ask("init", "--quiet", "--bare")
            self._clear_locks()
            self._ask(
                *("fetch", "--quiet", "--prune", "--force", "--no-tags", "--no-write-fetch-head", "--end-of-options"),
                *(self._git, *_ALL),
                within=self._fetch_timeout,
            )

    def _by_sha(self, asked: str, named_so: list[_Ref]) -> Revision:
        sha = asked.lower()
        if named_so or not grammar.is_sha(asked):
            raise RefRefused(asked, f"`{asked}` looks like a SHA but names a tag or a branch; rename it")
        if not self._has(sha) or not self._ask("for-each-ref", "--count=1", f"--contains={sha}", *_PLACES):
            raise RefRefused(asked, f"No tag and no branch of the repository holds a commit `{asked}`")
        return Revision(sha, "", sha)

    def _missing(self, asked: str, known: Mapping[str, _Ref]) -> RefRefused:
        near = grammar.closest(asked, (each.name for each in known.values()))
        if grammar.is_short_sha(asked):
            return RefRefused(asked, f"`{asked}` looks like a short SHA: type all 40 digits, or a tag", near)
        return RefRefused(asked, f"There is no tag and no branch `{asked}`", near)

    def _peeled(self, ref: _Ref) -> str:
        try:
            return self._run("rev-parse", "--verify", "--end-of-options", f"{ref.full}^{{commit}}").strip()
        except GitFailed as error:
            raise RefRefused(ref.name, f"`{ref.full}` does not name a commit") from error

    def _refs(self) -> list[_Ref]:
        form = "--format=%(refname)%00%(objectname)%00%(*objectname)"
        lines = self._ask("for-each-ref", "--sort=-committerdate", form, *_PLACES).splitlines()
        return [_Ref(name, peeled or sha) for name, sha, peeled in (line.split("\0") for line in lines)]

    def _demand(self, shas: tuple[str, ...]) -> None:
        """Make sure that the mirror has the commits; they never change, so an old mirror will do."""
        for sha in shas:
            if not grammar.is_sha(sha):
                raise ValueError(f"not a full SHA: {sha!r}")
        if not all(self._is_there() and self._has(sha) for sha in shas):
            self.fetch()
        for sha in shas:
            if not self._has(sha):
                raise RepositoryUnreachable(self._shown, f"it has no commit {sha[:12]} any more", final=True)

    def _has(self, sha: str) -> bool:
        try:
            return self._run("cat-file", "-t", sha).strip() == "commit"
        except GitFailed:
            return False

    def _content(self, name: str) -> str | None:
        try:
            return git(self._mirror, "cat-file", "blob", name, seen=self._seen, within=self._read_timeout, budget=_FILE)
        except GitFailed as error:
            if self._is_file(name):
                raise RepositoryUnreachable(self._shown, str(error)) from error
            return None

    def _is_file(self, name: str) -> bool:
        try:
            return self._run("cat-file", "-t", name).strip() == "blob"
        except GitFailed:
            return False

    def _log(self, revisions: tuple[str, ...]) -> tuple[Commit, ...]:
        form = f"--format=tformat:{'%x00'.join(_FIELDS)}"
        printed = self._ask("log", "-z", form, f"--max-count={_COMMITS}", "--end-of-options", *revisions, "--")
        fields = printed.split("\0")
        rows = zip(*(fields[start :: len(_FIELDS)] for start in range(len(_FIELDS))), strict=False)
        return tuple(
            Commit(sha, subject, author, datetime.fromtimestamp(int(at), UTC)) for sha, author, at, subject in rows
        )

    def _count(self, revisions: tuple[str, ...]) -> int:
        return int(self._ask("rev-list", "--count", "--end-of-options", *revisions, "--"))

    def _diff(self, *words: str) -> str:
        return self._ask("diff-tree", "-r", "--no-renames", "--no-ext-diff", "--no-textconv", *words)

    def _ask(self, *words: str, within: float | None = None) -> str:
        try:
            return self._run(*words, within=within)
        except GitFailed as error:
            raise RepositoryUnreachable(self._shown, str(error)) from error

    def _run(self, *words: str, within: float | None = None) -> str:
        return git(self._mirror, *words, seen=self._seen, within=within or self._read_timeout)

    @property
    def _shown(self) -> str:
        return without_credentials(self._git)

    def _is_there(self) -> bool:
        return all((self._mirror / part).exists() for part in ("HEAD", "config", "objects", "refs"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes from fetching into the mirror, for a bounded time."""
        until = time.monotonic() + self._fetch_timeout
        with self._mirror.with_name(f"{self._mirror.name}.lock").open("w") as lock:
            while not _took(lock.fileno()):
                if time.monotonic() > until:
                    raise RepositoryUnreachable(
                        self._shown, f"another process has been fetching it for {self._fetch_timeout:g} s"
                    )
                self._bell.wait(0.05)
            yield

    def _clear_locks(self) -> None:
        """Remove what a git that was killed has left: nobody else is in here, and ours never run that long."""
        old = time.time() - 2 * self._fetch_timeout
        for left in (*self._mirror.glob("*.lock"), *(self._mirror / "refs").rglob("*.lock")):
            with suppress(FileNotFoundError):
                if left.stat().st_mtime < old:
                    left.unlink()


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _paths(printed: str) -> tuple[str, ...]:
    return tuple(filter(None, printed.split("\0")))


def _shortstat(printed: str) -> tuple[int, int, int]:
    """Return files, insertions and deletions from `3 files changed, 1 insertion(+)`."""
    numbers = {words.split()[1][:4]: int(words.split()[0]) for words in printed.strip().split(",") if words.strip()}
    return numbers.get("file", 0), numbers.get("inse", 0), numbers.get("dele", 0)
