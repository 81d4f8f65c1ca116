"""A plan is data: the steps of one deployment, shown, hashed, approved, stored, run and resumed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from hashlib import sha256
from typing import Any

from deployers.steps import (
    KINDS,
    Activate,
    Backup,
    Build,
    Candidate,
    CandidateCheck,
    CandidateStop,
    ColourStart,
    ColourStop,
    Compare,
    Drain,
    MaintenanceOff,
    MaintenanceOn,
    Migrate,
    MigrateBack,
    Optimize,
    Pause,
    Prepare,
    Prune,
    PutIn,
    Restart,
    Restore,
    Run,
    Shift,
    Step,
    SwapDatabase,
    TakeOut,
    Verify,
    WorkersStart,
    WorkersStop,
    read,
    written,
)

__all__ = [
    "KINDS",
    "Activate",
    "Backup",
    "Build",
    "Candidate",
    "CandidateCheck",
    "CandidateStop",
    "ColourStart",
    "ColourStop",
    "Compare",
    "Drain",
    "MaintenanceOff",
    "MaintenanceOn",
    "Migrate",
    "MigrateBack",
    "Optimize",
    "Pause",
    "Plan",
    "Prepare",
    "Prune",
    "PutIn",
    "Restart",
    "Restore",
    "Run",
    "Shift",
    "Step",
    "SwapDatabase",
    "TakeOut",
    "Verify",
    "WorkersStart",
    "WorkersStop",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """One deployment as data.

    Its hash covers everything that decides what will happen; not the names of the release and of the backup, which hold
    time stamps.
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
    compatible: tuple[str, ...] = ()
    """Those of them that declare in themselves that the older release can run on the changed database."""
    resolved: Mapping[str, Any] = field(default_factory=dict)
    """The environment as it was resolved: targets, recipe, gates, health; JSON only, no secret."""
    skip_tests: bool = False
    """Whether it goes ahead whatever its checks say; left out of the document where it does not."""
    workflow_file: str = ""
    """Git's hash of the workflow's file that deploys; left out where none does."""
    colour: str = ""
    """Which side the release goes to, `blue` or `green`; left out where there are no sides."""
    backup: str = ""
    """The name of the backup that is made first; left out where the release's own time stamp gives it."""
    restores: Mapping[str, Any] = field(default_factory=dict)
    """What is restored, as `deployers.strategies.restoring.Restoration` writes it; left out where nothing is."""
    reason: str = ""
    """Why somebody wants it; left out where nobody said, and never part of the hash."""

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON-ready data; `Plan.read` is its inverse."""
        document = {f.name: getattr(self, f.name) for f in fields(self)}
        document["steps"] = [written(step) for step in self.steps]
        document["migrations"] = list(self.migrations)
        document["compatible"] = list(self.compatible)
        document["resolved"] = dict(self.resolved)
        document["restores"] = dict(self.restores)
        for name in ("compatible", "skip_tests", "workflow_file", "colour", "backup", "restores", "reason"):
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
        values["steps"] = tuple(read(step) for step in values["steps"])
        values["migrations"] = tuple(values["migrations"])
        values["compatible"] = tuple(values.get("compatible", ()))
        return cls(**values)

    @property
    def hash(self) -> str:
        """Return the SHA-256 (hex) over the canonical JSON of what decides what will happen."""
        document = self.document()
        del document["release"], document["ref"]
        document.pop("reason", None)
        document.pop("backup", None)
        return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
