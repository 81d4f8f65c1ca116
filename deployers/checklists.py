"""Checklists as data: which probes look at what, from where on it counts, what to do then, and what people tick."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

HOUR, DAY = 3_600.0, 86_400.0


class Unit(StrEnum):
    """What a probe's thresholds are measured in."""

    NONE = "nothing"
    COUNT = "count"
    PERCENT = "percent"
    SPAN = "span"
    """A length of time; in seconds here, written as `"26h"` or `"21d"`."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of probe is called, and its thresholds where the configuration names none."""

    title: str
    advice: str
    unit: Unit = Unit.NONE
    attention: float | None = None
    bad: float | None = None
    falling: bool = False
    """Whether less is worse: days that are left, and not errors."""


KINDS: Mapping[str, Kind] = {
    "deployments": Kind("Deployments", "Look at `/deploy history`."),
    "errors": Kind(
        "Log errors", "Read the log on the host; the newest errors are above.", Unit.COUNT, attention=1, bad=100
    ),
    "queue": Kind("Queue", "Look at the queue workers on the host, and restart them."),
    "health": Kind("Health", "Ask the health route by hand, and look at what it names."),
    "disk": Kind("Disk", "Make room: old logs, old backups, old releases.", Unit.PERCENT, attention=80, bad=90),
    "certificate": Kind(
        "Certificate", "Renew it, and reload the web server.", Unit.SPAN, attention=21 * DAY, bad=7 * DAY, falling=True
    ),
    "backup": Kind(
        "Backup", "Look at the backup job and its log on the host.", Unit.SPAN, attention=26 * HOUR, bad=50 * HOUR
    ),
    "versions": Kind("Versions", "Look at `/deploy status`, then deploy again what should run."),
    "week": Kind("This week", "Talk about what went wrong, and write down what to change."),
    "availability": Kind(
        "Availability",
        "Look at what was deployed and at the log around the worst hours.",
        Unit.PERCENT,
        attention=99.9,
        bad=99,
        falling=True,
    ),
    "locks": Kind(
        "Open locks", "Ask who holds it; `/deploy status` says what they do.", Unit.SPAN, attention=HOUR, bad=DAY
    ),
    "command": Kind("Command", "Run it on the host by hand, and read what it says."),
}
"""Every kind of probe that a checklist may name."""

TIMEOUT = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a check looks at by itself."""

    probe: str
    title: str = ""
    attention: float | None = None
    bad: float | None = None
    advice: str = ""
    """What to do when it is not good; empty for the probe's own advice."""
    environments: tuple[str, ...] = ()
    """Where to look; empty for everywhere."""
    run: str = ""
    """For `command`: what to run inside the served release."""
    pattern: str = ""
    """For `errors`: an extended regular expression for the lines that count."""
    timeout: timedelta = TIMEOUT

    @property
    def kind(self) -> Kind:
        """Return what kind of probe it is."""
        return KINDS[self.probe]

    @property
    def called(self) -> str:
        """Return what people call it."""
        return self.title or self.kind.title


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that a person does and ticks."""

    text: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """What one check looks at, and what people tick on its card."""

    name: str
    title: str
    items: tuple[Item, ...] = ()
    tasks: tuple[Task, ...] = ()
    span: timedelta = timedelta(days=1)
    """How far back the first check looks."""


DAILY = Checklist(
    "daily",
    "Morning check",
    tuple(
        Item(probe)
        for probe in ("deployments", "errors", "queue", "health", "disk", "certificate", "backup", "versions")
    ),
)
WEEKLY = Checklist(
    "weekly",
    "Weekly check",
    tuple(Item(probe) for probe in ("week", "availability", "certificate", "backup", "locks")),
    (
        Task("Review the pull requests that wait"),
        Task("Plan this week's deployments"),
        Task("Tell the team what changes"),
        Task("Look at the performance of the last 7 days"),
        Task("Audit the dependencies for known weaknesses"),
    ),
    timedelta(days=7),
)
BUILT_IN: Mapping[str, Checklist] = {each.name: each for each in (DAILY, WEEKLY)}
"""What is looked at where shipmate.toml says nothing."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Checklists and where their cards belong."""

    lists: Mapping[str, Checklist] = field(default_factory=lambda: BUILT_IN)
    channels: Mapping[str, str] = field(default_factory=dict)
    """By checklist; those without a schedule are posted where deployments are."""
