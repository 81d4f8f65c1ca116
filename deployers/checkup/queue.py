"""Whether the queue runs, by the recipe's own question."""

import re

from deployers.checkup.answers import Answers, Case, One, foreign, last_line, spoken, together
from deployers.environment import Environment
from deployers.findings import Found, State
from deployers.ports import Answer

_STOPPED = re.compile(r"\b(inactive|paused|not running|stopped|failed|dead)\b", re.IGNORECASE)


def idle(environment: Environment) -> str:
    """Say why there is nothing to look at, if so."""
    return "" if environment.recipe.queue_status else f"the recipe `{environment.recipe.name}` names no `queue_status`"


def script(case: Case) -> str:
    """Return what to run."""
    return foreign(case, case.environment.recipe.queue_status)


def judge(case: Case, answers: Answers) -> Found:
    """Return whether the queue runs; a command that is silent, or says that nothing runs, is not believed."""
    return together(case, {where: spoken(answer, _one) for where, answer in answers.items()})


def _one(answer: Answer) -> One:
    said = last_line(answer.output)
    if answer.exit_code:
        return One(State.BAD, f"“{said}” (exit code {answer.exit_code})")
    if _STOPPED.search(said):
        return One(State.BAD, f"“{said}”")
    if not answer.output.strip():
        return One(State.UNKNOWN, "its command says nothing")
    return One(State.GOOD, f"“{said}”")
