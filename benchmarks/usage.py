"""What processes cost: processor seconds and memory, with everything that they start."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

_TICKS = os.sysconf("SC_CLK_TCK")
_EVERY = 0.1


@dataclass
class Usage:
    """What was used while it was watched."""

    cpu: float = 0.0
    """Seconds on a processor, user and system."""
    peak: float = 0.0
    """The largest memory seen, in MB: proportional set sizes of the whole family added up."""


def rss(pid: int) -> float:
    """Return a process's resident memory in MB."""
    return _status(pid, "VmRSS")


def peak_rss(pid: int) -> float:
    """Return the largest resident memory that a process ever had, in MB."""
    return _status(pid, "VmHWM")


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


def cpu(pid: int, *, children: bool = False) -> float:
    """Return the processor seconds of a process so far; those of children that have ended too, if asked."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    return sum(int(word) for word in words[11 : 15 if children else 13]) / _TICKS


@contextmanager
def watched(pid: int, *, itself: bool) -> Iterator[Usage]:
    """Watch a process that stays, and what it starts, while the block runs; or only what it starts."""
    usage, before, over = Usage(), cpu(pid, children=True), Event()
    besides = frozenset() if itself else frozenset(family(pid))
    watcher = Thread(target=_watch, args=(pid, besides, usage, over), daemon=True)
    watcher.start()
    try:
        yield usage
    finally:
        over.set()
        watcher.join()
        usage.cpu = cpu(pid, children=True) - before


def _watch(pid: int, besides: frozenset[int], usage: Usage, over: Event) -> None:
    while True:
        used = sum(proportional(each) for each in family(pid) if each not in besides)
        usage.peak = max(usage.peak, used)
        if over.wait(_EVERY):
            return


def family(pid: int) -> list[int]:
    """Return a process and all below it."""
    return [pid, *(below for child in _children(pid) for below in family(child))]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text(encoding="utf-8").split())
    return found


def proportional(pid: int) -> float:
    """Return a process's memory in MB, with its share of what it has in common with others; 0 when it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) / 1024
