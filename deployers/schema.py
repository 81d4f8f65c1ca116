"""What a database says of its migrations, asked on one target: which have run, and which wait."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath

from deployers import shell
from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.ports import Remote

WITHIN = timedelta(seconds=20)
_NAME = re.compile(r"[A-Za-z0-9][\w.:/-]{2,249}")


@dataclass(frozen=True, slots=True)
class Ran:
    """The migrations of a database, by name; what could not be told is None."""

    where: str = ""
    """The target that was asked."""
    applied: tuple[str, ...] | None = None
    """Those that have run, oldest first."""
    pending: tuple[str, ...] | None = None
    """Those of the release that serves that have not run."""
    why: str = ""
    """Why nothing could be told, where it should have been."""

    def has(self, path: str) -> bool | None:
        """Say whether the migration of that file has run; None when that is not known."""
        if self.applied is not None:
            return name_of(path) in self.applied
        if self.pending is not None and name_of(path) in self.pending:
            return False
        return None


UNASKED = Ran()
AskMigrations = Callable[[Environment], Ran]
"""Asks an environment's database what it has had; never raises."""


def ask_no_database(environment: Environment) -> Ran:
    """Ask nobody, where no target can be asked."""
    return UNASKED


class TargetMigrations:
    """Asks the recipe's commands on the first target, in the release that serves; an `AskMigrations`."""

    def __init__(self, remote_for: Callable[[Environment], Remote]) -> None:
        self._remote_for = remote_for

    def __call__(self, environment: Environment) -> Ran:
        recipe = environment.recipe
        if not environment.machines or not (recipe.pending_migrations or recipe.applied_migrations):
            return UNASKED
        remote = self._remote_for(environment)
        try:
            return look(remote, environment, environment.machines[0], "current")
        finally:
            remote.close()


def look(remote: Remote, environment: Environment, host: Host, release: str) -> Ran:
    """Ask a target's database in one of its releases (`current`, or below `releases/`); never raises."""
    recipe = environment.recipe
    try:
        told = {
            command: remote.ask(host, shell.asked_in(environment, release, command), deadline=WITHIN)
            for command in (recipe.applied_migrations, recipe.pending_migrations)
            if command
        }
    except DeployError as error:
        return Ran(host.name, why=str(error))
    read = {command: names(answer.output) for command, answer in told.items() if answer.exit_code == 0}
    wrong = [answer for answer in told.values() if answer.exit_code]
    why = f"it exited {wrong[0].exit_code}: {_last(wrong[0].output)}" if wrong else ""
    return Ran(host.name, read.get(recipe.applied_migrations), read.get(recipe.pending_migrations), why)


def names(printed: str) -> tuple[str, ...]:
    """Return the migrations that a command printed: one a line, or in the tables that frameworks draw."""
    found = (_named(line) for line in printed.splitlines())
    return tuple(dict.fromkeys(name for name in found if name))


def name_of(path: str) -> str:
    """Return what a database calls the migration of a file: its name without folder and ending."""
    return PurePosixPath(path).stem


def recorded(ran: Ran, paths: Sequence[str]) -> tuple[str, ...] | None:
    """Return those of a release's migrations that have run, asked in that release; None when it cannot be told."""
    if ran.applied is not None:
        return tuple(path for path in paths if name_of(path) in ran.applied)
    if ran.pending is not None:
        return tuple(path for path in paths if name_of(path) not in ran.pending)
    return None


def newest(ran: Ran, paths: Sequence[str]) -> str:
    """Return why taking back the newest migrations would not be taking back exactly these, or nothing.

    Where the database cannot be asked, what git and the ledger say is taken for it.
    """
    if ran.applied is None or not paths:
        return ""
    wanted = {name_of(path) for path in paths}
    last = ran.applied[-len(wanted) :]
    if set(last) == wanted:
        return ""
    return f"the newest that have run on {ran.where} are {', '.join(last) or 'none'}"


def _named(line: str) -> str:
    """Return the migration that a line tells of; frameworks put `Pending`, `No` or a batch beside it."""
    words = [word for word in re.split(r"[\s|]+", line) if word and not set(word) <= set(".-+=")]
    named = [word for word in words if _NAME.fullmatch(word) and any(it.isdigit() for it in word)]
    if not named or (len(words) > 1 and not _is_row(words, named[0])):
        return ""
    return name_of(named[0]) if "." in named[0] else named[0]


def _is_row(words: Sequence[str], name: str) -> bool:
    """Say whether the words beside a name are those of a table, not of a sentence."""
    others = [word.strip("[]()").casefold() for word in words if word != name]
    return all(it in ("no", "yes", "ran", "pending", "up", "down", "x") or it.isdigit() for it in others)


def _last(output: str) -> str:
    return next((line.strip() for line in reversed(output.splitlines()) if line.strip()), "no output")[:200]
