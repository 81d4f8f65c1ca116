"""A command of the team's own, such as an audit of dependencies."""

from deployers.checkup.answers import Answers, Case, One, foreign, last_line, spoken, together
from deployers.findings import Found, State
from deployers.ports import Answer

SHOWN = 3


def script(case: Case) -> str:
    """Return what to run."""
    return foreign(case, case.item.run)


def judge(case: Case, answers: Answers) -> Found:
    """Return how it ended: exit code 0 is good, and any other is bad."""
    return together(case, {where: spoken(answer, _one) for where, answer in answers.items()})


def _one(answer: Answer) -> One:
    if answer.exit_code == 0:
        return One(State.GOOD, f"“{last_line(answer.output)}”" if answer.output.strip() else "ran well")
    lines = tuple(line for line in answer.output.splitlines() if line.strip())[-SHOWN:]
    return One(State.BAD, f"it ended with exit code {answer.exit_code}", lines)
