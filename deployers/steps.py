"""The steps that plans are made of: what should happen on which targets, as data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Step:
    """Something that should happen on some targets."""

    targets: tuple[str, ...]
    word: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Prepare(Step):
    """Fetch the code, unpack the release beside the running one, link what is shared."""

    word: ClassVar[str] = "prepare"


@dataclass(frozen=True, slots=True)
class Build(Step):
    """Install what the release depends on, while the old one serves."""

    word: ClassVar[str] = "build"


@dataclass(frozen=True, slots=True)
class MaintenanceOn(Step):
    """Tell visitors that the application is away."""

    word: ClassVar[str] = "maintenance_on"


@dataclass(frozen=True, slots=True)
class Migrate(Step):
    """Change the database, once in the fleet."""

    word: ClassVar[str] = "migrate"


@dataclass(frozen=True, slots=True)
class MigrateBack(Step):
    """Take back the newest migrations, once in the fleet, inside the release that brought them."""

    count: int = 1
    release: str = ""
    word: ClassVar[str] = "migrate_back"


@dataclass(frozen=True, slots=True)
class Optimize(Step):
    """Warm caches of the new release."""

    word: ClassVar[str] = "optimize"


@dataclass(frozen=True, slots=True)
class Candidate(Step):
    """Serve the release on its own loopback address, where nobody is sent to it yet."""

    word: ClassVar[str] = "candidate"


@dataclass(frozen=True, slots=True)
class CandidateCheck(Step):
    """Demand that the candidate is well and is the release that was asked for."""

    word: ClassVar[str] = "candidate_check"


@dataclass(frozen=True, slots=True)
class CandidateStop(Step):
    """Stop serving the candidate."""

    word: ClassVar[str] = "candidate_stop"


@dataclass(frozen=True, slots=True)
class Activate(Step):
    """Point `current` at the release in one rename."""

    word: ClassVar[str] = "activate"


@dataclass(frozen=True, slots=True)
class Run(Step):
    """Run the workflow on GitHub that brings the release to where it serves."""

    word: ClassVar[str] = "run"


@dataclass(frozen=True, slots=True)
class Restart(Step):
    """Make the running services take up the release."""

    word: ClassVar[str] = "restart"


@dataclass(frozen=True, slots=True)
class MaintenanceOff(Step):
    """Let visitors in again."""

    word: ClassVar[str] = "maintenance_off"


@dataclass(frozen=True, slots=True)
class Verify(Step):
    """Demand that the targets serve the release and stay healthy for a while."""

    hold: timedelta = timedelta(0)
    word: ClassVar[str] = "verify"


@dataclass(frozen=True, slots=True)
class Prune(Step):
    """Delete releases that nobody will go back to; its failure never matters."""

    word: ClassVar[str] = "prune"


@dataclass(frozen=True, slots=True)
class Backup(Step):
    """Put what serves into a named backup, on the first target only, before anything is changed."""

    word: ClassVar[str] = "backup"


@dataclass(frozen=True, slots=True)
class Restore(Step):
    """Put what lies in a backup beside what serves."""

    word: ClassVar[str] = "restore"


@dataclass(frozen=True, slots=True)
class SwapDatabase(Step):
    """Let the restored database take the place of the one in use."""

    word: ClassVar[str] = "swap_database"


@dataclass(frozen=True, slots=True)
class WorkersStop(Step):
    """Let queue workers end what they do, and take up nothing more."""

    word: ClassVar[str] = "workers_stop"


@dataclass(frozen=True, slots=True)
class WorkersStart(Step):
    """Let queue workers work again."""

    word: ClassVar[str] = "workers_start"


@dataclass(frozen=True, slots=True)
class ColourStart(Step):
    """Point the plan's colour at the release, and serve it on that colour's port."""

    word: ClassVar[str] = "colour_start"


@dataclass(frozen=True, slots=True)
class ColourStop(Step):
    """Stop serving the plan's colour."""

    word: ClassVar[str] = "colour_stop"


@dataclass(frozen=True, slots=True)
class Shift(Step):
    """Tell balancers to send so many percent of all visitors to the plan's colour, and the rest to the other."""

    share: int = 100
    word: ClassVar[str] = "shift"


@dataclass(frozen=True, slots=True)
class TakeOut(Step):
    """Tell balancers to send nobody to these application hosts."""

    servers: tuple[str, ...] = ()
    word: ClassVar[str] = "take_out"


@dataclass(frozen=True, slots=True)
class PutIn(Step):
    """Tell balancers to send visitors to every application host again, these among them."""

    servers: tuple[str, ...] = ()
    word: ClassVar[str] = "put_in"


@dataclass(frozen=True, slots=True)
class Drain(Step):
    """Wait, no longer than the limit, until nobody is left on what balancers send nobody to any more."""

    limit: timedelta = timedelta(0)
    servers: tuple[str, ...] = ()
    """Application hosts that were taken out; where none were, it is the other colour that is left."""
    share: int = 100
    """What the plan's colour gets meanwhile; with nothing, it is that colour that is left."""
    word: ClassVar[str] = "drain"


@dataclass(frozen=True, slots=True)
class Compare(Step):
    """Watch the new side beside the old one for a while, and demand that it is no worse."""

    hold: timedelta = timedelta(0)
    share: int = 100
    word: ClassVar[str] = "compare"


@dataclass(frozen=True, slots=True)
class Pause(Step):
    """Do nothing for a while."""

    hold: timedelta = timedelta(0)
    word: ClassVar[str] = "pause"


KINDS: dict[str, type[Step]] = {
    kind.word: kind
    for kind in (
        Prepare,
        Build,
        Backup,
        MaintenanceOn,
        Migrate,
        MigrateBack,
        Optimize,
        Candidate,
        CandidateCheck,
        CandidateStop,
        ColourStart,
        ColourStop,
        Shift,
        TakeOut,
        PutIn,
        Drain,
        Compare,
        Pause,
        Restore,
        SwapDatabase,
        WorkersStop,
        WorkersStart,
        Activate,
        Run,
        Restart,
        MaintenanceOff,
        Verify,
        Prune,
    )
}


def written(step: Step) -> dict[str, Any]:
    """Return a step as JSON-ready data; `read` is its inverse."""
    values: dict[str, Any] = {"do": step.word}
    told = asdict(step)
    if isinstance(step, Drain) and step.share == 100:
        # Earlier versions wrote none, and the same plan has the same hash.
        del told["share"]
    for name, value in told.items():
        match value:
            case tuple():
                values[name] = list(value)
            case timedelta():
                values[name] = value.total_seconds()
            case _:
                values[name] = value
    return values


def read(document: Mapping[str, Any]) -> Step:
    """Return the step that was written as this document.

    Raises:
        KeyError: this version does not know it.
    """
    values = dict(document)
    kind = KINDS[values.pop("do")]
    for name in ("targets", "servers"):
        if name in values:
            values[name] = tuple(values[name])
    for name in ("hold", "limit"):
        if name in values:
            values[name] = timedelta(seconds=values[name])
    return kind(**values)
