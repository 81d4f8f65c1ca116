"""Makes the backups and does the drills that are wanted: by whoever leads, and again after a crash."""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from bot import backup_rows, chores_telling
from bot.change import Changes, demand_lead
from deployers.backups import answers, scripts
from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.ports import Authority, Fate, Operation, Record, Remote
from storage import backups, drills, maintenance
from storage.models import BackupRecord, BackupState, DrillRecord, DrillState
from storage.store import Session

log = logging.getLogger(__name__)

AT_ONCE = 4
MOST_ATTEMPTS = 3
PATIENCE = timedelta(hours=1)
"""So long a host that cannot be reached, or a deployment that works on it, is waited for."""
DEADLINE = timedelta(hours=8)
MOST_WHY = 500

Chore = TypeVar("Chore", BackupRecord, DrillRecord)
_NOT_LATELY = "it was not begun within an hour: something else worked there, or nobody could reach the host"


@dataclass(frozen=True, slots=True)
class Chores:
    """Whoever leads looks at the rows now and then; several environments at a time, each of them once."""

    changes: Changes
    environments: Mapping[str, Environment]
    remote_for: Callable[[Environment], Remote]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(AT_ONCE, "chores"))
    _at_work: set[str] = field(default_factory=set)

    def tick(self) -> None:
        """Have done what is wanted, without waiting for it."""
        with self.changes.store.look() as session:
            wanted: list[BackupRecord | DrillRecord] = [*backups.wanted(session), *drills.wanted(session)]
        for chore in wanted:
            if chore.environment not in self._at_work:
                self._at_work.add(chore.environment)
                self._pool.submit(self._safely, chore)

    def _safely(self, chore: BackupRecord | DrillRecord) -> None:
        try:
            self.once(chore)
        except Exception:
            log.exception("A chore of %s stumbled, and is begun again", chore.environment)
        finally:
            self._at_work.discard(chore.environment)

    def once(self, chore: BackupRecord | DrillRecord) -> None:
        """Do one backup or drill to its end, unless it has to wait."""
        place = self.environments.get(chore.environment)
        if place is None or place.backup is None or not place.machines:
            self._failed(chore, "no backup is configured there any more")
            return
        if isinstance(chore, BackupRecord):
            self._backup(chore, place, place.machines[0])
        else:
            self._drill(chore, place)

    # What is done

    def _backup(self, chore: BackupRecord, place: Environment, host: Host) -> None:
        with self.changes.store.look() as session:
            spared = backups.promised(session, place.name)
        record = self._performed(chore, place, host, scripts.make(place, host, chore.name, spared=spared))
        if record is None:
            return
        record = answers.borne_out(record, chore.name)
        made = answers.made(record.output) if record.exit_code == 0 else None
        if made is None:
            self._failed(chore, _why(record))
            return
        with self._change(BackupRecord, chore.number) as (session, row):
            if row.state is BackupState.WANTED:
                row.host = host.name
                backup_rows.noted(session, row, made, self.changes.clock())
                chores_telling.backed_up(session, row, self.changes)

    def _drill(self, chore: DrillRecord, place: Environment) -> None:
        with self.changes.store.look() as session:
            backup = backups.named(session, place.name, chore.backup)
            if backup is None or backup.state is BackupState.GONE:
                backup = backups.newest(session, place.name)
        host = next((it for it in place.machines if backup and it.name == backup.host), None)
        if backup is None or host is None:
            self._failed(chore, f"there is no backup of {place.name} to try: `/ops backup {place.name}`")
            return
        with self._change(DrillRecord, chore.number) as (_, row):
            row.backup, row.host = backup.name, host.name
        record = self._performed(chore, place, host, scripts.drill(place, host, backup.name, backup.sha256))
        if record is None:
            return
        seen = answers.drilled(record.output) if record.exit_code == 0 else None
        if seen is None:
            self._failed(chore, _why(record))
            return
        with self._change(DrillRecord, chore.number) as (session, row):
            if row.state is DrillState.WANTED:
                row.check_seconds, row.back_seconds, row.restore_seconds = seen.check, seen.back, seen.restore
                row.state, row.database, row.done_at = DrillState.PASSED, seen.database, self.changes.clock()
                row.why = "" if seen.database or not backup.database else chores_telling.NO_DATABASE
                chores_telling.drilled(session, row, drills.before(session, row), self.changes)

    def _performed(self, chore: Chore, place: Environment, host: Host, script: str) -> Record | None:
        """Have a host do it once; None while it cannot be said what became of it, or it was given up."""
        kind, number = type(chore), chore.number
        with self.changes.store.look() as session:
            busy = maintenance.in_the_way(session, place.name) is not None
        if busy and not chore.operation:
            self._patient(chore)
            return None
        operation = self._intended(kind, number, host)
        remote = self.remote_for(place)
        try:
            asked = Operation(operation, script, DEADLINE, f"{kind.__tablename__} on {host.name}")
            record = remote.perform(host, [asked], Authority(chore.mark, self.changes.epoch()))[0]
        except DeployError as error:
            log.warning("a chore has to wait", extra={"environment": place.name, "why": str(error)})
            self._patient(chore)
            return None
        finally:
            remote.close()
        if record.fate is Fate.EXITED:
            return record
        self._unclear(chore, record)
        return None

    def _intended(self, kind: type[Chore], number: int, host: Host, *, again: bool = False) -> str:
        """Commit the intent before anything is sent; the same operation for as long as its outcome is not known."""
        with self._change(kind, number) as (_, row):
            if again or not row.operation:
                row.attempt += 1
                row.operation = f"{row.mark}.0.{host.name}.{row.attempt}"
            return row.operation

    def _unclear(self, chore: Chore, record: Record) -> None:
        """Try once more what was killed, on the next look; both may be done again."""
        with self._change(type(chore), chore.number) as (_, row):
            given_up = row.attempt >= MOST_ATTEMPTS or record.fate is Fate.REFUSED
            if not given_up:
                row.operation = ""
        if given_up:
            self._failed(chore, record.why or "it was killed each time, or the host went down")

    def _patient(self, chore: BackupRecord | DrillRecord) -> None:
        if self.changes.clock() - chore.wanted_at > PATIENCE:
            self._failed(chore, _NOT_LATELY)

    def _failed(self, chore: BackupRecord | DrillRecord, why: str) -> None:
        if isinstance(chore, BackupRecord):
            with self._change(BackupRecord, chore.number) as (session, row):
                if row.state is BackupState.WANTED:
                    row.state, row.why = BackupState.FAILED, why[-MOST_WHY:]
                    chores_telling.backed_up(session, row, self.changes)
            return
        with self._change(DrillRecord, chore.number) as (session, drill):
            if drill.state is DrillState.WANTED:
                drill.state, drill.why, drill.done_at = DrillState.FAILED, why[-MOST_WHY:], self.changes.clock()
                chores_telling.drilled(session, drill, None, self.changes)

    @contextmanager
    def _change(self, kind: type[Chore], number: int) -> Iterator[tuple[Session, Chore]]:
        """Change a row while we lead.

        Raises:
            Fenced: somebody else leads now.
        """
        get = backups.get_for_change if kind is BackupRecord else drills.get_for_change
        with self.changes.store.begin() as session:
            demand_lead(session, self.changes.epoch())
            row = get(session, number)
            assert isinstance(row, kind)  # noqa: S101 - told to the type checker
            yield session, row
            session.add(row)
            session.flush()
            demand_lead(session, self.changes.epoch(), held=True)


def _why(record: Record) -> str:
    """Return what the host said last."""
    said = [line for line in record.output.splitlines() if line.strip() and not line.startswith("= ")]
    return "; ".join(said[-2:]) or f"it exited {record.exit_code} and said nothing"
