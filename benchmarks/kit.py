"""What every benchmark measures with and shows: shares of a sample, a table with its JSON, and the machine below."""

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from math import ceil
from pathlib import Path
from statistics import median
from time import monotonic
from time import sleep as pause  # noqa: TID251 - benchmarks watch other processes
from typing import Any

PACKAGES = ("slack-bolt", "aiohttp", "dbos", "sqlalchemy", "paramiko", "cryptography", "psycopg")
Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Result:
    """What a benchmark found: a table for people, the same as JSON for programs."""

    name: str
    headings: tuple[str, ...]
    rows: Rows
    figures: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    targets: Mapping[str, bool] = field(default_factory=dict)
    """What was to be reached, and whether it was."""

    def document(self) -> dict[str, Any]:
        """Return everything as JSON-ready data."""
        return {
            "benchmark": self.name,
            "machine": machine(),
            "figures": dict(self.figures),
            "targets": dict(self.targets),
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """Return the table as people read it."""
        marks = [f"  {'reached' if held else 'MISSED '}  {target}" for target, held in self.targets.items()]
        notes = [f"  {note}" for note in self.notes]
        return "\n".join([f"\n{self.name}", *_columns(self.headings, self.rows), *marks, *notes])


def _columns(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    table = [headings, *rows]
    widths = [max(len(row[place]) for row in table) for place in range(len(headings))]
    for first, *rest in table:
        right = [f"{text:>{width}}" for text, width in zip(rest, widths[1:], strict=True)]
        yield "  ".join(["", f"{first:<{widths[0]}}", *right])


def show(result: Result, folder: Path | None) -> None:
    """Print the table and its JSON; write the JSON into the folder too, if there is one."""
    document = json.dumps(result.document(), sort_keys=True)
    print(result.text())
    print(document, flush=True)
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{result.name}.json").write_text(document + "\n", encoding="utf-8")


def share(sample: Sequence[float], percent: float) -> float:
    """Return the value that so many percent of a sample do not exceed."""
    ordered = sorted(sample)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def summary(sample: Sequence[float]) -> dict[str, float]:
    """Return p50, p95, p99 and the largest of a sample."""
    return {
        "p50": median(sample),
        "p95": share(sample, 95),
        "p99": share(sample, 99),
        "max": max(sample),
        "count": len(sample),
    }


def ms(seconds: float) -> str:
    """Return seconds as milliseconds for a table."""
    return f"{seconds * 1000:.1f} ms"


def machine() -> dict[str, Any]:
    """Return what was measured on, and with which versions."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu(),
        "load": [round(load, 2) for load in os.getloadavg()],
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "ssh": _ssh(),
        "packages": {name: version(name) for name in PACKAGES},
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _ssh() -> str:
    try:
        told = subprocess.run(["ssh", "-V"], capture_output=True, text=True, check=False).stderr.strip()
    except OSError:
        return "none"
    return told.partition(",")[0]


def until(holds: Any, seconds: float = 60, what: str = "something") -> Any:
    """Look every few milliseconds until something holds, and return it; AssertionError if it does not in time."""
    end = monotonic() + seconds
    while not (found := holds()):
        if monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        pause(0.005)
    return found


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Add the seconds that a block takes."""
    began = monotonic()
    yield
    into.append(monotonic() - began)
