"""What people decide when a migration failed: step back, restore, or leave it; and what each of them costs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from bot.crew import Crew
from bot.holding import Held, Question
from bot.known import Known
from bot.outcome import Outcome
from deployers import schema
from deployers.backups import naming
from deployers.environment import Environment
from deployers.errors import CommandFailed
from deployers.plan import Migrate, MigrateBack, Plan
from deployers.ports import Difference
from deployers.schema import Ran
from deployers.strategies import plan_for
from deployers.strategies.restoring import STRATEGY, Restoration
from storage import backups, colours, holds
from storage.models import BackupRecord, HoldKind

KEY = "database"
STEP_BACK, RESTORE = "step_back", "restore"


def failed(known: Known, outcome: Outcome) -> bool:
    """Say whether a migration of the release failed, before anybody was sent to it; one without any changed nothing."""
    at_migration = outcome.step == Migrate.word and outcome.code == CommandFailed.code and known.plan.migrations
    return bool(at_migration) and known.kind == "deploy" and not known.switched and not known.going_back


@dataclass(frozen=True, slots=True)
class Decision:
    """The question about one deployment's database, and the plan that an answer means."""

    crew: Crew
    known: Known

    @property
    def environment(self) -> Environment:
        """Return where it happens."""
        return self.crew.environment(self.known.plan)

    def question(self, outcome: Outcome) -> Question | Outcome:
        """Return what people are asked, the same after a crash; or what went wrong, where there is nothing to ask."""
        with self.crew.changes.store.look() as session:
            asked = holds.asked(session, self.known.number, KEY)
            backup = backups.newest(session, self.environment.name)
        if asked:
            return Question(KEY, HoldKind.DATABASE, asked.why, facts=asked.facts)
        host = self.environment.host(outcome.target)
        remote = self.crew.remote(self.known.number, self.environment)
        ran = schema.look(remote, self.environment, host, f"releases/{self.known.plan.release}")
        recorded = schema.recorded(ran, self.known.plan.migrations)
        if told := settled(self.environment, self.known.plan, recorded):
            return replace(outcome, message=f"{outcome.message}. {told}")
        return Question(KEY, HoldKind.DATABASE, outcome.message, facts=self._facts(ran, recorded, backup))

    def plan(self, held: Held) -> Plan | None:
        """Return the way back that an answer means; None where the database is left as it is."""
        good, environment = self.known.good, self.environment
        if good is None or held.answer not in (STEP_BACK, RESTORE):
            return None
        with self.crew.changes.store.look() as session:
            asked = holds.get(session, self.known.number, KEY)
            sides = colours.standing(session, environment.name)
        facts = asked.facts
        if held.answer in facts.get("cannot", {}):
            return None
        undoing = restores = None
        if held.answer == STEP_BACK:
            undoing = MigrateBack((facts["where"],), count=len(facts["recorded"]), release=self.known.plan.release)
        else:
            restores = Restoration(facts["backup"], facts["host"], facts["sha256"], database=True)
        return plan_for(
            environment,
            kind="rollback",
            revision=good.revision,
            replaces=self.known.plan.sha,
            release=good.name,
            difference=Difference((), 0, (), 0, tuple(self.known.plan.migrations)),
            strategy=STRATEGY if restores else "rolling",
            live=sides.live,
            spread=sides.spread,
            backup=naming.name_at(asked.since) if restores else "",
            restores=restores,
            undoing=undoing,
        )

    def _facts(self, ran: Ran, recorded: tuple[str, ...] | None, backup: BackupRecord | None) -> dict[str, Any]:
        good, migrations = self.known.good, self.known.plan.migrations
        cannot = {
            STEP_BACK: self._no_step_back(ran, recorded),
            RESTORE: no_restore(self.environment, backup, served=good is not None),
        }
        facts: dict[str, Any] = {
            "where": ran.where,
            "migrations": list(migrations),
            "recorded": None if recorded is None else list(recorded),
            "back_to": good.revision.ref if good else "",
            "cannot": {word: why for word, why in cannot.items() if why},
        }
        if backup and backup.made_at and not cannot[RESTORE]:
            facts |= {"backup": backup.name, "host": backup.host, "sha256": backup.sha256}
            facts |= {"backup_at": backup.made_at.isoformat(), "swaps": _swaps(self.environment)}
        return facts

    def _no_step_back(self, ran: Ran, recorded: tuple[str, ...] | None) -> str:
        """Return why migrations cannot be stepped back safely, or nothing."""
        if self.known.good is None:
            return "no earlier release served here"
        if not self.environment.recipe.migrate_back:
            return "the recipe has no `migrate_back`"
        if recorded is None:
            return "which migrations have run cannot be told, and stepping back might undo others"
        if not recorded:
            return "the database has recorded none of them, so stepping back would undo older ones"
        if other := schema.newest(ran, recorded):
            return f"it would undo others: {other}"
        return ""


def settled(environment: Environment, plan: Plan, recorded: tuple[str, ...] | None) -> str:
    """Return why nobody has to decide about the database, as a sentence; empty where somebody has to.

    Each migration has to be a transaction; those that did run before the one that failed have to be declared
    compatible with what serves.
    """
    if not environment.recipe.transactional_migrations:
        return ""
    if not recorded:
        certain = recorded is not None or len(plan.migrations) <= 1
        return "Nothing of it was kept: each migration is a transaction" if certain else ""
    if environment.rollback.migrations == "compatible" or set(recorded) <= set(plan.compatible):
        ran = (
            "1 migration did run before it, and is"
            if len(recorded) == 1
            else f"{len(recorded)} did run before it, and are"
        )
        return f"Nothing of it was kept: each migration is a transaction; {ran} declared compatible with what serves"
    return ""


def no_restore(environment: Environment, backup: BackupRecord | None, *, served: bool) -> str:
    """Return why the newest backup cannot be restored, or nothing."""
    if not served:
        return "no earlier release served here"
    config = environment.backup
    if config is None or not config.restores:
        return "nothing says how this database is restored"
    if backup is None:
        return "there is no backup that was read back whole"
    why = {
        "holds no database": not backup.database,
        f"lies on {backup.host}, which is no target any more": backup.host
        not in {it.name for it in environment.machines},
        "is encrypted, and no `identity` opens it": backup.encrypted and not config.identity,
    }
    return next((f"{backup.name} {told}" for told, there in why.items() if there), "")


def left(outcome: Outcome, facts: Mapping[str, Any]) -> Outcome:
    """Return what went wrong, with what was decided about the database."""
    recorded, every = facts.get("recorded"), len(facts["migrations"])
    kept = "which migrations have run is not known"
    if recorded is not None:
        kept = f"{len(recorded)} of {every} migration{'' if every == 1 else 's'} did run"
    return replace(outcome, message=f"{outcome.message}. The database is left as it is; {kept}")


def _swaps(environment: Environment) -> bool:
    return environment.backup is not None and environment.backup.swaps
