"""How full the disks of the hosts are, in bytes and in files."""

import re
from functools import partial
from shlex import quote

from deployers.checklists import Item
from deployers.checkup.answers import Answers, Case, One, judged, level, place, together
from deployers.findings import Found, State
from deployers.ports import Answer

_USED = re.compile(r"(\d+) +(\d+)% ")
_COUNTLESS = re.compile(r" 0 +0 +0 +- ")
"""What `df -i` says of a file system that makes room for files as they come: btrfs does."""


def script(case: Case) -> str:
    """Return what to run: the disk below the application's folder, or below the home where there is none yet."""
    path = quote(place(case.environment).path)
    return f"cd -- {path} 2>/dev/null || true\ndf -Pk . | tail -n 1\ndf -Pi . | tail -n 1"


def judge(case: Case, answers: Answers) -> Found:
    """Return the fullest disk of each host."""
    found = {where: judged(answer, partial(_one, case.item)) for where, answer in answers.items()}
    return together(case, found)


def _one(item: Item, answer: Answer) -> One:
    room = _USED.search(f"{answer.output.partition(chr(10))[0]} ")
    if room is None:
        return One(State.UNKNOWN, "its `df` does not say how full it is")
    used, free = int(room.group(2)), int(room.group(1)) * 1024
    files = _files(answer.output)
    if files is None and level(item, used) is State.GOOD:
        return One(State.UNKNOWN, "its `df -i` does not say how many further files it can hold")
    if files is not None and files > used:
        return One(level(item, files), f"{files} % of the files that it can hold are used")
    state, said = level(item, used), f"{used} % full"
    return One(
        state, said if state is State.GOOD else f"{said}, {_size(free)} left", figure=used, most=f"at most {said}"
    )


def _files(output: str) -> int | None:
    """Return how many percent of the files that it can hold are there; None when that is not said."""
    line = f"{' '.join(output.splitlines()[1:2])} "
    if found := _USED.search(line):
        return int(found.group(2))
    return 0 if _COUNTLESS.search(line) else None


def _size(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"
