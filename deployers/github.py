"""A repository on GitHub, asked through its API."""

import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any
from urllib.parse import quote

from deployers import refs as grammar
from deployers.errors import RefRefused, RepositoryUnreachable
from deployers.github_api import PAGE, Asker, Door
from deployers.github_errors import GitHubError, GitHubRefused
from deployers.ports import Commit, Difference, Revision

_CONTENTS = {"contents": "read"}
_WITHIN = 4.5
_READING = 10.0
_FILE = 65_536
_COMMITS = 100
_TOUCHED = 200
_NESTED = 5
_HOLDERS = 20
"""How many tags and branches are asked, one by one, whether they hold a commit."""
_FRESH = 30.0
"""Seconds for which the names of tags and branches are remembered, for suggestions alone."""


@dataclass(frozen=True, slots=True)
class _Way:
    """What one commit has that another has not."""

    commits: tuple[Commit, ...]
    count: int
    lacks: int
    """How many commits it lacks that the other has."""
    files: tuple[dict[str, Any], ...]
    url: str = ""


class GitHubRepository:
    """A repository on GitHub; safe to use from several threads."""

    def __init__(self, door: Door, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._door = door
        self._monotonic = monotonic
        self._lock = Lock()
        self._names: tuple[float, tuple[Revision, ...]] | None = None

    def resolve(self, ref: str) -> Revision:
        """Return what the ref names now: a tag or a branch by full name, peeled, or a full SHA.

        Raises:
            RefRefused: it is hostile, missing or ambiguous; carries the closest names.
            RepositoryUnreachable: GitHub could not be asked, or does not let us.
        """
        asked = grammar.accept(ref)
        with self._asking() as asker:
            found = {name: target for name in grammar.meanings(asked) if (target := _target(asker, name))}
            if grammar.is_sha(grammar.short(asked)):
                return self._by_sha(asker, asked, named_so=bool(found))
            if len(found) > 1:
                both = " or ".join(f"`{each}`" for each in found)
                raise RefRefused(asked, f"`{asked}` is ambiguous: type {both}")
            if not found:
                raise self._missing(asker, asked)
            full, target = next(iter(found.items()))
            return Revision(grammar.short(full), full, _peeled(asker, full, target))

    def between(self, base: str, head: str, *, migrations: str = "") -> Difference:
        """Return what lies between two SHAs; `base` may be empty when nothing runs yet."""
        for sha in filter(None, (base, head)):
            if not grammar.is_sha(sha):
                raise ValueError(f"not a full SHA: {sha!r}")
        if base == head:
            return Difference((), 0, (), 0, ())
        with self._asking() as asker, self._held(asker, base, head):
            touched_migrations = _migrations(asker, base, head, migrations) if migrations else ()
            return (_since if base else _everything)(asker, base, head, touched_migrations)

    def read(self, sha: str, paths: Sequence[str]) -> dict[str, str]:
        """Return the first 64 KiB of these files as they are at a full SHA; those that are not there are left out."""
        if not grammar.is_sha(sha):
            raise ValueError(f"not a full SHA: {sha!r}")
        with self._asking(_READING) as asker, self._held(asker, sha):
            found = {path: asker.find(f"/contents/{quote(path)}", ref=sha) for path in paths}
        return {path: _content(told) for path, told in found.items() if isinstance(told, dict) and "content" in told}

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        """Return tags (newest version first), then branches, whose names contain the text; a little old, or older."""
        wanted = beginning.lower()
        return tuple(each for each in self._known() if wanted in each.ref.lower())[:limit]

    def _known(self) -> tuple[Revision, ...]:
        with self._lock:
            kept, now = self._names, self._monotonic()
            if kept and now - kept[0] < _FRESH:
                return kept[1]
            try:
                with self._asking() as asker:
                    published = _published(asker)
                    names = (replace(it, published=published.get(it.full_ref, "")) for it in _named(asker))
                    self._names = (now, tuple(names))
            except RepositoryUnreachable:
                if kept is None:
                    raise
            return self._names[1] if self._names else ()

    @contextmanager
    def _asking(self, within: float = _WITHIN) -> Iterator[Asker]:
        try:
            with self._door.asking(_CONTENTS, within=within) as asker:
                yield asker
        except GitHubError as error:
            final = isinstance(error, GitHubRefused)
            raise RepositoryUnreachable(self._door.repository, str(error), final=final) from error

    def _by_sha(self, asker: Asker, asked: str, *, named_so: bool) -> Revision:
        """Return a commit that a tag or a branch holds: GitHub also shows those of forks, which nobody accepted."""
        sha = asked.lower()
        if named_so or not grammar.is_sha(asked):
            raise RefRefused(asked, f"`{asked}` looks like a SHA but names a tag or a branch; rename it")
        known = asker.find(f"/git/commits/{sha}") is not None
        if not known:
            # A repository that is not there, or not shown to us, knows no commit either; that is another trouble.
            asker.get("")
        if not known or not _is_held(asker, sha):
            raise RefRefused(asked, f"No tag and no branch of the repository holds a commit `{asked}`")
        return Revision(sha, "", sha)

    def _missing(self, asker: Asker, asked: str) -> RefRefused:
        near = grammar.closest(asked, (each.ref for each in _named(asker)))
        if grammar.is_short_sha(asked):
            return RefRefused(asked, f"`{asked}` looks like a short SHA: type all 40 digits, or a tag", near)
        return RefRefused(asked, f"There is no tag and no branch `{asked}`", near)

    @contextmanager
    def _held(self, asker: Asker, *shas: str) -> Iterator[None]:
        """Say which commit is gone when GitHub knows nothing of what lies between."""
        try:
            yield
        except GitHubRefused as error:
            if error.status in (404, 422):
                for sha in filter(None, shas):
                    if asker.find(f"/git/commits/{sha}") is None:
                        why = f"it has no commit {sha[:12]} any more"
                        raise RepositoryUnreachable(self._door.repository, why, final=True) from error
            raise


def _target(asker: Asker, full: str) -> dict[str, str] | None:
    """Return what a ref of this very name points to."""
    found = asker.find(f"/git/ref/{quote(full.removeprefix('refs/'))}")
    return found["object"] if isinstance(found, dict) and found.get("ref") == full else None


def _peeled(asker: Asker, full: str, target: dict[str, str]) -> str:
    """Return the commit behind a ref, however many tags lie around it."""
    for _ in range(_NESTED):
        if target["type"] == "commit":
            return target["sha"]
        if target["type"] != "tag":
            break
        target = asker.get(f"/git/tags/{target['sha']}")["object"]
    raise RefRefused(grammar.short(full), f"`{full}` does not name a commit")


def _named(asker: Asker) -> Iterator[Revision]:
    """Yield tags, newest version first, then branches: those whose names a person may type."""
    tags = {each["name"]: each["commit"]["sha"] for each in asker.pages("/tags")}
    for name in grammar.newest_first(filter(grammar.may_be_typed, tags)):
        yield Revision(name, f"refs/tags/{name}", tags[name])
    for each in asker.pages("/branches"):
        if grammar.may_be_typed(each["name"]):
            yield Revision(each["name"], f"refs/heads/{each['name']}", each["commit"]["sha"])


def _published(asker: Asker) -> dict[str, str]:
    """Return which tags the newest releases were made of, by full name; a courtesy, so a no is no trouble."""
    try:
        told = asker.get("/releases", per_page=PAGE)
    except GitHubRefused:
        return {}
    kinds = {False: "release", True: "pre-release"}
    return {f"refs/tags/{it['tag_name']}": kinds[bool(it["prerelease"])] for it in told if not it["draft"]}


def _is_held(asker: Asker, sha: str) -> bool:
    """Say whether a tag or a branch of the repository itself has the commit."""
    branches = [each["commit"]["sha"] for each in asker.pages("/branches")]
    tags = [each["commit"]["sha"] for each in asker.pages("/tags")]
    if sha in branches or sha in tags:
        return True
    main = asker.get("")["default_branch"]
    for holder in dict.fromkeys((quote(main), *branches[:_HOLDERS], *tags[:_HOLDERS])):
        if asker.get(f"/compare/{sha}...{holder}", per_page=1)["behind_by"] == 0:
            return True
    return False


def _since(asker: Asker, base: str, head: str, migrations: tuple[str, ...]) -> Difference:
    """Return what lies between two commits, in both directions where they parted."""
    ahead = _way(asker, base, head)
    behind = _way(asker, head, base) if ahead.lacks else _Way((), 0, 0, ())
    touched = sorted({each["filename"] for each in (*ahead.files, *behind.files)})
    return Difference(
        ahead=ahead.commits,
        ahead_count=ahead.count,
        behind=behind.commits,
        behind_count=behind.count,
        migrations=migrations,
        files_changed=len(touched),
        insertions=_sum(ahead, "additions") + _sum(behind, "deletions"),
        deletions=_sum(ahead, "deletions") + _sum(behind, "additions"),
        touched=tuple(touched[:_TOUCHED]),
        url=ahead.url,
    )


def _way(asker: Asker, base: str, head: str) -> _Way:
    """Return what `head` has that `base` has not: GitHub lists it oldest first, so the last pages are the newest."""
    path = f"/compare/{base}...{head}"
    first = asker.get(path, per_page=PAGE, page=1)
    count, listed = first["total_commits"], list(first["commits"])
    last = -(-count // PAGE)
    for page in range(max(last - 1, 2), last + 1):
        listed += asker.get(path, per_page=PAGE, page=page)["commits"]
    newest = tuple(_commit(each) for each in reversed(listed[-_COMMITS:]))
    files = tuple(first.get("files") or ())
    return _Way(newest, count, first["behind_by"], files, str(first["html_url"]))


def _everything(asker: Asker, base: str, head: str, migrations: tuple[str, ...]) -> Difference:
    """Return all that a commit holds, where nothing ran before."""
    listed = asker.get("/commits", sha=head, per_page=_COMMITS)
    count = asker.count("/commits", sha=head) if len(listed) == _COMMITS else len(listed)
    paths = sorted(_blobs(asker, asker.get(f"/git/commits/{head}")["tree"]["sha"]))
    commits = tuple(_commit(each) for each in listed)
    return Difference(commits, count, (), 0, migrations, files_changed=len(paths), touched=tuple(paths[:_TOUCHED]))


def _migrations(asker: Asker, base: str, head: str, folder: str) -> tuple[str, ...]:
    """Return the paths below a folder that differ, from the trees themselves: comparisons list 300 files at most."""
    one, other = (_tree(asker, sha) for sha in (base, head))
    for part in filter(None, folder.strip("/").split("/")):
        if one == other:
            return ()
        one, other = (_below(asker, tree, part) for tree in (one, other))
    if one == other:
        return ()
    before, after = (_blobs(asker, tree) if tree else {} for tree in (one, other))
    names = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    return tuple(f"{folder.strip('/')}/{path}" for path in sorted(names))


def _tree(asker: Asker, sha: str) -> str:
    return str(asker.get(f"/git/commits/{sha}")["tree"]["sha"]) if sha else ""


def _below(asker: Asker, tree: str, part: str) -> str:
    entries = asker.get(f"/git/trees/{tree}")["tree"] if tree else ()
    return next((each["sha"] for each in entries if each["path"] == part and each["type"] == "tree"), "")


def _blobs(asker: Asker, tree: str) -> dict[str, str]:
    answer = asker.get(f"/git/trees/{tree}", recursive=1)
    if answer["truncated"]:
        raise GitHubRefused(422, f"the tree {tree[:12]}", "it holds more files than GitHub lists at once")
    return {each["path"]: each["sha"] for each in answer["tree"] if each["type"] != "tree"}


def _content(told: dict[str, Any]) -> str:
    return b64decode(str(told["content"]))[:_FILE].decode("utf-8", "replace")


def _commit(told: dict[str, Any]) -> Commit:
    about = told["commit"]
    subject = str(about["message"]).split("\n", 1)[0]
    at = datetime.fromisoformat(about["committer"]["date"])
    return Commit(told["sha"], subject, str(about["author"]["name"]), at, str(told.get("html_url") or ""))


def _sum(way: _Way, what: str) -> int:
    return sum(int(each[what]) for each in way.files)
