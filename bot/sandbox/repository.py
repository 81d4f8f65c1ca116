"""A real bare git repository for the sample application, the same to the last bit wherever it is built."""

import os
import subprocess
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from bot.sandbox.history import BRANCHES, HISTORY, Change, Edit, Write

_QUIET = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}

Tree = dict[str, str]


def build_repository(state_dir: Path) -> Path:
    """Build the sample repository below a directory, or return the one that is there."""
    repository = state_dir / "repository.git"
    if repository.exists():
        return repository
    state_dir.mkdir(parents=True, exist_ok=True)
    part = state_dir / f"repository.git.{os.getpid()}"
    _git(state_dir, "init", "--quiet", "--bare", "--initial-branch=main", str(part))
    _git(part, "config", "uploadpack.allowAnySHA1InWant", "true")
    _git(part, "config", "gc.auto", "0")
    _git(part, "fast-import", "--quiet", given=b"".join(_stream(HISTORY)))
    for branch in {change.on for change in HISTORY} - set(BRANCHES):
        _git(part, "update-ref", "-d", f"refs/heads/{branch}")
    part.rename(repository)
    return repository


def git_url(repository: Path) -> str:
    """Return the URL under which hosts and the bot fetch from it."""
    return repository.resolve().as_uri()


def sha(repository: Path, ref: str) -> str:
    """Return the full SHA of the commit that a ref names."""
    return _git(repository, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}").strip()


def move_tag(repository: Path, tag: str, to: str) -> None:
    """Let a tag name another commit, as somebody with too many rights would."""
    _git(repository, "update-ref", f"refs/tags/{tag}", sha(repository, to))


def commit(repository: Path, branch: str, subject: str, changes: dict[str, str], *, onto: str = "") -> str:
    """Push one more commit to a branch, or a new branch onto a tag, and return its SHA."""
    at = int(HISTORY[-1].at.timestamp()) + 86400
    parts = [
        f"commit refs/heads/{branch}\n".encode(),
        f"committer {HISTORY[0].author} {at} +0000\n".encode(),
        _data(f"{subject}\n"),
        f"from {f'refs/tags/{onto}' if onto else f'refs/heads/{branch}'}^0\n".encode(),
        *(_file(path, text) for path, text in changes.items()),
    ]
    _git(repository, "fast-import", "--quiet", given=b"".join(parts))
    return sha(repository, f"refs/heads/{branch}")


def _stream(history: Iterable[Change]) -> Iterator[bytes]:
    """Yield what `git fast-import` reads."""
    trees: dict[str, Tree] = {}
    tips: dict[str, str] = {}
    for number, change in enumerate(history, start=1):
        base = change.branch_from or change.on
        before = trees.get(base, {})
        tree = trees[change.on] = _changed(before, change.files)
        yield f"commit refs/heads/{change.on}\nmark :{number}\n".encode()
        yield f"author {_by(change)}\ncommitter {_by(change)}\n".encode()
        yield _data(f"{change.subject}\n" + (f"\n{change.body}\n" if change.body else ""))
        if base in tips:
            yield f"from {tips[base]}\n".encode()
        yield from (_file(path, text) for path, text in tree.items() if text != before.get(path))
        tips[change.on] = f":{number}"
        if change.tag:
            tips[change.tag], trees[change.tag] = f":{number}", tree
            yield f"tag {change.tag}\nfrom :{number}\ntagger {_by(change)}\n".encode()
            yield _data(f"Call desk {change.tag}\n")


def _changed(tree: Tree, changes: Iterable[Write | Edit]) -> Tree:
    new = dict(tree)
    for change in changes:
        match change:
            case Write(path, text, source):
                new[path] = _source(source) if source else text
            case Edit(path, old, replacement):
                if old not in new[path]:
                    raise ValueError(f"{path} does not say {old!r}")
                new[path] = new[path].replace(old, replacement, 1)
    return new


def _source(name: str) -> str:
    return files("bot.sandbox.sample").joinpath(name).read_text(encoding="utf-8")


def _by(change: Change) -> str:
    return f"{change.author} {int(change.at.timestamp())} +0100"


def _file(path: str, text: str) -> bytes:
    mode = "100755" if path.endswith(".sh") else "100644"
    return f"M {mode} inline {path}\n".encode() + _data(text)


def _data(text: str) -> bytes:
    raw = text.encode()
    return f"data {len(raw)}\n".encode() + raw + b"\n"


def _git(where: Path, *arguments: str, given: bytes = b"") -> str:
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("GIT_")}, **_QUIET}
    done = subprocess.run(
        ["git", *arguments], cwd=where, input=given, capture_output=True, env=environment, check=False, timeout=60
    )
    if done.returncode:
        raise RuntimeError(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode()
