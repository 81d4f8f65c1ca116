"""`shipmate init`: look, ask, write what is not there yet, and say what to do next."""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.init.answers import Answers, Ask, NotAnAnswer, answers, asked
from bot.init.drafts import NAMES, Draft, drafts
from bot.init.looking import Seen, look

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed behind `shipmate init`."""

    path: Path = Path("shipmate.toml")
    repository: str = ""
    workflows: bool = False
    force: bool = False
    dry_run: bool = False

    def typed(self, *more: str) -> str:
        """Return the command that asks for the same, and more."""
        path = [str(self.path)] if self.path != Path("shipmate.toml") else []
        repository = ["--repository", self.repository] if self.repository else []
        return shlex.join(["shipmate", "init", *path, *repository, *(["--workflows"] if self.workflows else []), *more])


def begin(wish: Wish, say: Say, ask: Ask | None = None) -> int:
    """Write the files that are wanted and not there; return 0 when any was, 2 when something said makes no sense.

    Without `ask` nothing is asked.
    """
    seen = look(wish.path.parent)
    try:
        said = answers(seen, repository=wish.repository, workflows=wish.workflows)
        said = asked(said, ask) if ask else said
    except NotAnAnswer as error:
        say(str(error))
        return 2
    wanted = drafts(wish.path, said)
    if wish.dry_run:
        _show(wanted, say)
        return 0
    try:
        written = _write(wanted, force=wish.force)
    except OSError as error:
        say(
            f"{error.filename or wish.path.parent} cannot be written to: {error.strerror}. What was there is as it was."
        )
        return 1
    _told(wanted, written, wish, say)
    if not written:
        return 1
    for line in _next(wish, said, seen):
        say(line)
    return 0


def _show(wanted: Iterable[Draft], say: Say) -> None:
    for draft in wanted:
        state = "there already; kept unless you type --force" if draft.path.exists() else "new"
        say(f"# {draft.path} ({state})\n{draft.text}")
    say("Nothing was written.")


def _write(wanted: Iterable[Draft], *, force: bool) -> tuple[Path, ...]:
    """Write what is not there, or everything, and return what was written; a file is whole or as it was."""
    written = []
    for draft in wanted:
        if os.path.lexists(draft.path) and not force:
            continue
        draft.path.parent.mkdir(parents=True, exist_ok=True)
        begun = draft.path.with_name(f".{draft.path.name}.{os.getpid()}")
        try:
            begun.write_text(draft.text, encoding="utf-8")
            begun.replace(draft.path)
        finally:
            begun.unlink(missing_ok=True)
        written.append(draft.path)
    return tuple(written)


def _told(wanted: Iterable[Draft], written: tuple[Path, ...], wish: Wish, say: Say) -> None:
    for path in written:
        say(f"Wrote {path}.")
    kept = [draft.path for draft in wanted if draft.path not in written]
    for path in kept:
        say(f"{path} is there already; I do not overwrite it.")
    if kept:
        say(f"To see what I would write, type `{wish.typed('--dry-run')}`.")
        say(f"To replace {'it' if len(kept) == 1 else 'them'}, type `{wish.typed('--force')}`.")


def _next(wish: Wish, said: Answers, seen: Seen) -> Iterator[str]:
    """Yield what is left to do, in order."""
    steps = [f"Fill in {wish.path}: the roles, the addresses{'' if said.workflows else ', the hosts'}."]
    if said.workflows:
        yield from _warnings(seen)
        steps += [
            f"Commit .github/workflows to `{said.branch}`: GitHub starts only what is there.",
            "Put the hosts' secrets on GitHub, and HEALTH_URL on each environment: docs/github.md lists them.",
            "Export GITHUB_TOKEN (Actions, Deployments: read and write; the rest is in docs/github.md).",
        ]
    steps.append("Type `shipmate check`: it tries everything that stands there.")
    yield "Next:"
    for number, step in enumerate(steps, 1):
        yield f"  {number}. {step}"


def _warnings(seen: Seen) -> Iterator[str]:
    if seen.recipe != "laravel":
        yield "I see no Laravel application here, and the workflows are written for one: change their commands."
    others = [name for name in seen.workflows if name not in NAMES]
    if others:
        yield f"There are other workflows: {', '.join(others)}. See that no two of them deploy."
