"""Choose a way back to a backup: which one, what it can give back, and what it cannot."""

import re

from commands.errors import Refused
from commands.going_back import Choice, Target, between, demand_reached, standing, way_of
from commands.services import Services
from commands.views.blocks import code
from commands.wanted_back import DATABASE, LATEST, Wanted
from deployers.backups import answers, naming
from deployers.environment import Environment
from deployers.legacy import Layout, Old, recognised
from deployers.plan import Plan, SwapDatabase
from deployers.ports import Difference, Revision
from deployers.rollback import Extent
from deployers.schema import Ran
from deployers.strategies import plan_for
from deployers.strategies.restoring import STRATEGY, Restoration
from storage import backups, colours, deployments, steps
from storage.colours import Standing
from storage.models import BackupRecord, BackupState
from storage.store import Session

NAMED = 8
"""So many migrations are named at most."""


def choose(services: Services, wanted: Wanted) -> Choice:
    """Return the way back to a backup; needs neither Slack nor GitHub.

    Raises:
        Refused: there is no such backup, or it cannot give back what is wanted.
    """
    environment = wanted.place
    demand_reached(environment)
    with services.store.look() as session:
        head, undoes = standing(session, environment.name)
        sides = colours.standing(session, environment.name)
        backup = _found(session, environment, wanted)
        target = _target(session, environment.name, backup)
        bad = any(it.bad for it in deployments.served(session, environment.name) if it.sha == target.sha != head.sha)
    _demand_possible(environment, backup, wanted)
    difference, known = between(services, environment, undoes, target)
    restores = Restoration(
        backup=backup.name,
        host=backup.host,
        sha256=backup.sha256,
        database=wanted.database,
        checks_health=wanted.checks_health,
    )
    fresh = naming.name_at(services.now())
    plan = plan_of(environment, restores, target, difference, replaces=head.sha, sides=sides, backup=fresh)
    way = way_of(environment, undoes, target, difference, wanted.extent, known=known, since=backup.made_at)
    ran = services.ask_migrations(environment) if wanted.database else Ran()
    told = _remarks(environment, backup, ran, wanted)
    if bad:
        told = (f"{target.name} was taken back from {environment.name} before.", *told)
    return Choice(environment, head, undoes, target, plan, difference, way, told)


def plan_of(  # noqa: PLR0913 - each is another fact of the same plan
    environment: Environment,
    restores: Restoration,
    target: Target,
    difference: Difference,
    *,
    replaces: str,
    sides: Standing,
    backup: str = "",
) -> Plan:
    """Return the plan of a restore, or of its undoing, which makes no fresh backup."""
    return plan_for(
        environment,
        kind="rollback",
        revision=Revision(target.ref, "", target.sha),
        replaces=replaces,
        release=target.release,
        difference=difference,
        strategy=STRATEGY,
        live=sides.live,
        spread=sides.spread,
        backup=backup,
        restores=restores,
    )


def known(
    services: Services, environment: Environment, limit: int = 10
) -> tuple[list[BackupRecord], tuple[Old, ...], tuple[str, ...]]:
    """Return the backups that can be gone back to, newest first, those that others made, and databases put aside."""
    others = services.ask_legacy(environment)
    with services.store.look() as session:
        ours = backups.good(session, environment.name, limit=limit)
        others = tuple(it for it in others if backups.named(session, environment.name, stem(it.name)) is None)
        swaps = steps.outputs(session, environment.name, SwapDatabase.word, limit)
    return ours, others, answers.put_aside(swaps)


def stem(file: str) -> str:
    """Return a backup's name, whether or not somebody types it as its file is called."""
    return re.sub(r"\.tar(?:\.(?:gz|zst))?(?:\.age)?$", "", file)


def _found(session: Session, environment: Environment, wanted: Wanted) -> BackupRecord:
    place = environment.name
    if environment.backup is None:
        raise Refused(
            f"No backups of {place} are configured.",
            f"Add `[environments.{place}.backup]` to `shipmate.toml`; releases are there: `/rollback latest {place}`.",
            "no_backup",
        )
    if wanted.backup == LATEST:
        found = backups.newest(session, place)
        if found is None:
            raise Refused(
                f"There is no backup of {place} that was read back whole.",
                f"Make one: `/ops backup {place}`.",
                "no_backup",
            )
        return found
    name = stem(wanted.backup)
    found = backups.named(session, place, name)
    if found is None and (layout := recognised(wanted.backup)):
        raise Refused(*_foreign(wanted.backup, layout), code="foreign_backup")
    if found is None:
        raise _unknown(session, place, name)
    if found.state is not BackupState.GOOD:
        raise Refused(
            f"{code(found.name)} cannot be gone back to: {_state(found)}.", _others(session, place), "no_backup"
        )
    return found


def _unknown(session: Session, place: str, name: str) -> Refused:
    if elsewhere := backups.places(session, name):
        other = elsewhere[0]
        return Refused(
            f"{code(name)} is a backup of {other}, and {place} never gets another environment's data.",
            _others(session, place),
            "foreign_backup",
        )
    return Refused(f"I know no backup {code(name)} of {place}.", _others(session, place), "no_backup")


def _state(backup: BackupRecord) -> str:
    match backup.state:
        case BackupState.WANTED:
            return "it is not made yet"
        case BackupState.GONE:
            return "it was deleted for newer ones"
        case _:
            return f"making it failed ({backup.why or 'it was not read back whole'})"


def _others(session: Session, place: str) -> str:
    names = ", ".join(code(it.name) for it in backups.good(session, place, limit=5))
    return f"There is {names}; see `/rollback backup {place}`." if names else f"Make one: `/ops backup {place}`."


def _foreign(name: str, layout: Layout) -> tuple[str, str]:
    return (
        f"{code(name)} is {layout.made_by}, not a backup of mine. {layout.holds} I restore nothing from it.",
        f"By hand: {layout.by_hand}" if layout.by_hand else "See `/rollback backup` for those that I made.",
    )


def _target(session: Session, place: str, backup: BackupRecord) -> Target:
    """Return the release in the backup, as the ledger knows it, or by its SHA alone."""
    for it in deployments.served(session, place):
        if it.release == backup.release or it.sha == backup.sha:
            return Target(it.ref, backup.sha, backup.release, it.number, it.served_at)
    return Target(backup.sha, backup.sha, backup.release)


def _demand_possible(environment: Environment, backup: BackupRecord, wanted: Wanted) -> None:
    place, config = environment.name, environment.backup
    if backup.host not in [host.name for host in environment.machines]:
        raise Refused(
            f"{code(backup.name)} lies on {backup.host}, which is no target of {place} any more.",
            f"Copy it to a target, or choose another: `/rollback backup {place}`.",
            "no_backup",
        )
    if not backup.sha:
        raise Refused(
            f"{code(backup.name)} does not say of which revision its code is, so I would not know what serves then.",
            f"Choose another: `/rollback backup {place}`; or restore it by hand, as `docs/backups.md` says.",
            "no_backup",
        )
    if backup.encrypted and not (config and config.identity):
        raise Refused(
            f"{code(backup.name)} is encrypted, and nothing says where the key that opens it lies.",
            f"Write `identity` below `[environments.{place}.backup]`.",
            "no_backup",
        )
    if not wanted.database:
        return
    if not backup.database:
        raise Refused(
            f"{code(backup.name)} holds no database.",
            f"The code alone: `/rollback backup {backup.name} {place}` without `--{DATABASE}`.",
            "no_database",
        )
    if not (config and config.restores):
        raise Refused(
            f"Nothing says how a database of {place} is restored.",
            f"Write `restore` (or `engine` and `live`) below `[environments.{place}.backup]`.",
            "no_database",
        )


def _remarks(environment: Environment, backup: BackupRecord, ran: Ran, wanted: Wanted) -> tuple[str, ...]:
    told = []
    if wanted.extent is Extent.DATABASE:
        told += _undone(backup, ran)
        swaps = environment.backup is not None and environment.backup.swaps
        told.append(
            "The database in use is backed up first, and kept beside the restored one, so this can be undone."
            if swaps
            else "The database in use is backed up first, and then overwritten in place: visitors wait all that time."
        )
    if not wanted.checks_health:
        told.append("Nobody looks afterwards whether it is healthy.")
    return tuple(told)


def _undone(backup: BackupRecord, ran: Ran) -> list[str]:
    """Return which migrations the backup's database has not had, as far as both sides can tell."""
    if not backup.migrations_known or ran.applied is None:
        return ["Which migrations that takes back is not known: the recipe has no `applied_migrations` that tells."]
    gone = [name for name in ran.applied if name not in backup.migrations]
    if not gone:
        return []
    more = f" and {len(gone) - NAMED} more" if len(gone) > NAMED else ""
    return [f"Migrations that it takes back: {', '.join(gone[:NAMED])}{more}."]
