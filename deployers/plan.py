"""A plan is data: the steps of one deployment, shown, hashed, approved, stored, run and resumed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import timedelta
from hashlib import sha256
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


KINDS: dict[str, type[Step]] = {
    kind.word: kind
    for kind in (
        Prepare,
        Build,
        MaintenanceOn,
        Migrate,
        Optimize,
        Candidate,
        CandidateCheck,
        CandidateStop,
        Activate,
        Run,
        Restart,
        MaintenanceOff,
        Verify,
        Prune,
    )
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment as data.

    Its hash covers everything that decides what will happen; not the release's name, which holds a time stamp.
    """

    kind: str
    """`deploy` or `rollback`."""
    environment: str
    git: str
    repository: str
    ref: str
    sha: str
    release: str
    replaces: str
    """Full SHA of what ran when it was asked for; empty if nothing did."""
    strategy: str
    steps: tuple[Step, ...]
    migrations: tuple[str, ...] = ()
    """Paths of the migrations that lie between the two revisions."""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    """The environment as it was resolved: targets, recipe, gates, health; JSON only, no secret."""
    skip_tests: bool = False
    """Whether it goes ahead whatever its checks say; left out of the document where it does not."""
    workflow_file: str = ""
    """Git's hash of the workflow's file that deploys; left out where none does."""
    reason: str = ""
    """Why somebody wants it; left out where nobody said, and never part of the hash."""

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON-ready data; `Plan.read` is its inverse."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        document["steps"] = [_written(step) for step in self.steps]
        document["migrations"] = list(self.migrations)
        document["resolved"] = dict(self.resolved)
        for name in ("skip_tests", "workflow_file", "reason"):
            if not document[name]:
                del document[name]
        return document

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Plan":
        """Return the plan that was written as this document.

        Raises:
            KeyError: it names a step that this version does not know.
        """
        values = dict(document)
        values["steps"] = tuple(_read(step) for step in values["steps"])
        values["migrations"] = tuple(values["migrations"])
        return cls(**values)

    @property
    def hash(self) -> str:
        """Return the SHA-256 (hex) over the canonical JSON of what decides what will happen."""
        document = self.document()
        del document["release"], document["ref"]
        document.pop("reason", None)
        return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _written(step: Step) -> dict[str, Any]:
    values = asdict(step)
    values["targets"] = list(step.targets)
    if isinstance(step, Verify):
        values["hold"] = step.hold.total_seconds()
    return {"do": step.word, **values}


def _read(written: Mapping[str, Any]) -> Step:
    values = dict(written)
    kind = KINDS[values.pop("do")]
    values["targets"] = tuple(values["targets"])
    if "hold" in values:
        values["hold"] = timedelta(seconds=values["hold"])
    return kind(**values)
