"""The scripts about backups that run on targets: files beside this one, under what they have to know, quoted."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from shlex import quote

from deployers.backups import naming
from deployers.backups.configured import Backup
from deployers.environment import Environment, Host
from deployers.plan import Backup as BackupStep
from deployers.plan import Plan, Restore, Step, SwapDatabase
from deployers.shell import filled
from deployers.strategies.restoring import Restoration


def of(step: Step, environment: Environment, plan: Plan, host: Host) -> str:
    """Return the script of a plan's step about backups; KeyError for another."""
    fresh = plan.backup or naming.of_release(plan.release)
    first, spared = not (plan.replaces or plan.restores), (str(plan.restores.get("backup", "")),)
    known: dict[type[Step], Callable[[], str]] = {
        BackupStep: lambda: make(environment, host, fresh, first=first, spared=spared),
        Restore: lambda: restore(environment, host, Restoration.read(plan.restores)),
        SwapDatabase: lambda: swap(environment, host, Restoration.read(plan.restores), fresh, release=plan.release),
    }
    return known[type(step)]()


def make(environment: Environment, host: Host, name: str, *, first: bool = False, spared: Iterable[str] = ()) -> str:
    """Return the script that makes a backup, reads it back, and deletes the oldest beyond those that are kept.

    Before the first release of all, a host on which nothing is served has nothing to back up, and says so. Those
    that are about to be restored are spared.
    """
    swaps = "yes" if _backup(environment).swaps else ""
    known = {"name": name, "swaps": swaps, "first": "yes" if first else "", "spared": " ".join(spared)}
    return _script(environment, host, known, "common.sh", "make.sh")


def restore(environment: Environment, host: Host, restores: Restoration) -> str:
    """Return the script that checks a backup, puts its release beside those that are here, and fills a database."""
    backup = _backup(environment)
    side = naming.side(backup.live, restores.backup) if restores.database and backup.swaps else ""
    known = {"name": restores.backup, "sha256": restores.sha256, "side": side, "before": ""}
    return _script(environment, host, known, "common.sh", _engine(backup), "opening.sh", "restore.sh")


def swap(environment: Environment, host: Host, restores: Restoration, fresh: str, *, release: str = "") -> str:
    """Return the script that lets the restored database take the place of the one in use, or the other way round.

    `fresh` is the backup that was made before it: its time stamp names what is kept.
    """
    backup = _backup(environment)
    side, before = "", ""
    if restores.undoes:
        side, before = naming.before(backup.live, restores.undoes), naming.undone(backup.live, restores.undoes)
    elif backup.swaps:
        side, before = naming.side(backup.live, restores.backup), naming.before(backup.live, fresh)
    known = {"name": restores.backup, "sha256": restores.sha256, "side": side, "before": before, "release": release}
    return _script(environment, host, known, "common.sh", _engine(backup), "opening.sh", "swap.sh")


def drill(environment: Environment, host: Host, name: str, sha256: str) -> str:
    """Return the script that tries whether a backup can be restored where nobody is served."""
    backup = _backup(environment)
    side = naming.drilled(backup.live, name) if backup.swaps else ""
    known = {"name": name, "sha256": sha256, "side": side, "before": ""}
    return _script(environment, host, known, "common.sh", _engine(backup), "opening.sh", "drill.sh")


def _script(environment: Environment, host: Host, more: Mapping[str, str], *parts: str) -> str:
    backup, place = _backup(environment), environment.place
    if place is None:
        raise ValueError(f"{environment.name} has no hosts")
    names = {"environment": environment.name, "live": backup.live}
    names |= {key: more[key] for key in ("side", "before") if key in more}
    known = {
        "place": place.path.removeprefix("~/"),
        "directory": backup.directory.removeprefix("~/"),
        "app": environment.app,
        "environment": environment.name,
        "host": host.name,
        "recipient": backup.recipient,
        "identity": backup.identity.removeprefix("~/"),
        "keep": str(backup.keep),
        "live": backup.live,
        "client": backup.client,
        "applied": filled(environment.recipe.applied_migrations, names),
        **{each: filled(getattr(backup, each), names) for each in ("database", "create", "restore", "swap", "drop")},
        **more,
    }
    lines = [f"{key}={quote(value)}" for key, value in known.items()]
    return "\n".join((*lines, _walk(_left_out(backup)), *(_part(name) for name in parts)))


def _backup(environment: Environment) -> Backup:
    if environment.backup is None:
        raise ValueError(f"{environment.name} has no backups")
    return environment.backup


def _engine(backup: Backup) -> str:
    return f"{backup.engine or 'commands'}.sh"


def _left_out(backup: Backup) -> tuple[str, ...]:
    """Return what stays out: also an SQLite file in use, which is in the dump, and those that once were."""
    file = backup.live.rpartition("/")[2]
    return (*backup.exclude, f"{file}*") if backup.engine == "sqlite" and file else backup.exclude


def _walk(exclude: tuple[str, ...]) -> str:
    """Return the function that walks through a folder past what stays out, and never into the backups themselves."""
    tests = [f"-path {quote('*/' + it.strip('/'))}" if "/" in it.strip("/") else f"-name {quote(it)}" for it in exclude]
    out = " -o ".join(('-samefile "$folder"', *tests))
    return f'walk() {{ start=$1; shift; find "$start" -mindepth 1 \\( {out} \\) -prune -o "$@"; }}'


@cache
def _part(name: str) -> str:
    return (files("deployers.backups") / name).read_text(encoding="utf-8")
