"""The jobs of a workflow run on GitHub, as they go."""

import re
from collections.abc import Iterable

from commands.replies import Block
from commands.views.blocks import line, section
from deployers.github_words import AHEAD, BUSY, DONE, FAILED
from storage.models import StepRecord, StepState

MOST = 20
_ICONS = {DONE: ":white_check_mark:", FAILED: ":x:", BUSY: ":arrow_forward:", AHEAD: ":white_circle:"}
_ADDRESS = re.compile(r"https?://[^\s<>|]+")


def jobs(records: Iterable[StepRecord]) -> list[Block]:
    """Return a section for each workflow run that goes on now."""
    return [section(_lines(it.output)) for it in records if it.kind == "run" and it.output and _runs(it)]


def _runs(record: StepRecord) -> bool:
    return record.state is StepState.INTENDED


def _lines(told: str) -> str:
    lines = told.splitlines()
    more = [f"… and {len(lines) - MOST} more"] if len(lines) > MOST else []
    return "\n".join([*map(_line, lines[:MOST]), *more])


def _line(told: str) -> str:
    if _ADDRESS.fullmatch(told):
        return f"<{told}|The run on GitHub>"
    mark, _, rest = told.partition(" ")
    return f"{_ICONS[mark]} {line(rest)}" if mark in _ICONS else line(told, 500)
