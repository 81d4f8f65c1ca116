"""The way out of a deployment that went wrong: which one is safe is decided here, purely."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

_SWITCHES = ("activate", "run", "shift")
TAKES_DATA_BACK = frozenset({"migrate_back", "swap_database"})
"""Steps after which the release that still serves may not fit its database."""
NOTHING_CHANGED = range(70, 80)
"""With such an exit code a balancer says that it has refused, and that what was in force is in force again."""
REFUSED = "refused"
"""How a step is settled that says so."""
_NOTICED = frozenset({"maintenance_on", "activate", "run", "shift", "restart", "maintenance_off"})


class WayOut(StrEnum):
    """What to do after a failure or an abort."""

    NOTHING = "nothing"
    """Nobody noticed anything: the old release serves as before."""
    BACK = "back"
    """Go back to the release that served well before."""
    LET_IN = "let_in"
    """Switch maintenance off and stop: the release that is live is the one to keep for now."""
    ASK = "ask"
    """Switch maintenance off, keep the lock, and ask a person."""


class Taken(Protocol):
    """A step as it was recorded."""

    @property
    def kind(self) -> str:
        """Return the step's word."""
        ...

    @property
    def target(self) -> str:
        """Return the target's name."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known when something went wrong."""

    kind: str
    touched: tuple[str, ...]
    """Targets on which visitors could have noticed something."""
    switched: tuple[str, ...]
    """Targets on which the switch was at least begun."""
    migrated: bool
    """Whether a migration was at least begun, and the plan holds any."""
    compatible: bool
    automatic: bool
    """Whether the environment lets Shipmate go back by itself."""
    aborted: bool
    back_wanted: bool
    """Whether the abort asked to go back."""
    way_back: bool
    """Whether there is a release to go back to."""
    mixed: bool = False
    """Whether some target served another release than that one before this deployment began."""
    taken_back: bool = False
    """Whether taking the database back was at least begun."""


def touched(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which visitors could have noticed the deployment, in the order of their first step."""
    return tuple(dict.fromkeys(record.target for record in records if record.kind in _NOTICED))


def switched(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which the switch was begun."""
    return tuple(dict.fromkeys(record.target for record in records if record.kind in _SWITCHES))


def candidates(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which a candidate was begun and not stopped."""
    seen = [(record.kind, record.target) for record in records]
    begun = dict.fromkeys(target for kind, target in seen if kind == "candidate")
    return tuple(target for target in begun if seen.count(("candidate_stop", target)) < 1)


def brought_up(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which the other side was begun to be brought up, while nobody was sent to it yet."""
    seen = tuple(records)
    if any(record.kind == "shift" for record in seen):
        return ()
    return tuple(dict.fromkeys(record.target for record in seen if record.kind == "colour_start"))


def kept_out(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which visitors were begun to be kept out."""
    return tuple(dict.fromkeys(record.target for record in records if record.kind == "maintenance_on"))


def idle(records: Iterable[Taken]) -> tuple[str, ...]:
    """Return the targets on which queue workers were stopped, and not started again."""
    seen = tuple(records)
    started = {record.target for record in seen if record.kind == "workers_start"}
    stopped = dict.fromkeys(record.target for record in seen if record.kind == "workers_stop")
    return tuple(target for target in stopped if target not in started)


def decide(now: Situation) -> WayOut:
    """Return the safe way out.

    Nothing was noticed: nothing to do, unless what it came to mend is still broken, or the database was taken back
    under the release that still serves. A rollback never goes back
    itself. Over a migration that is not declared compatible, or where going back by itself is switched off, a person
    is asked.
    """
    if not now.switched:
        if now.mixed or now.taken_back:
            return WayOut.ASK
        return WayOut.LET_IN if now.touched else WayOut.NOTHING
    if now.kind == "rollback" or not now.way_back:
        return WayOut.ASK
    if now.migrated and not now.compatible:
        return WayOut.ASK
    wanted = now.back_wanted if now.aborted else now.automatic
    return WayOut.BACK if wanted else WayOut.ASK
