"""Which release each host serves; it should be the same everywhere, and the one that I deployed last."""

import re

from deployers import shell
from deployers.checkup.answers import Answers, Case, Trouble, failed, last_line, own_advice
from deployers.findings import Found, State, cut
from deployers.ports import Answer

_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT = 7


def script(case: Case) -> str:
    """Return what to run."""
    return shell.revision(case.environment)


def judge(case: Case, answers: Answers) -> Found:
    """Return whether every host serves what it should."""
    read = {where: _read(answer) for where, answer in answers.items()}
    served = {where: it for where, it in read.items() if isinstance(it, str)}
    lost = [f"{where}: {it.why}" for where, it in read.items() if isinstance(it, Trouble)]
    wrong = _wrong(case, served)
    said = "; ".join((*(f"{where}: {_named(case, sha)}" for where, sha in wrong.items()), *lost))
    if wrong and case.known.under_way:
        return case.found(
            State.ATTENTION, f"{said}, while {case.known.under_way} is under way", "Wait until it is done."
        )
    if wrong:
        return case.found(State.BAD if len(set(served.values())) > 1 else State.ATTENTION, said + _wanted(case))
    if lost:
        return case.found(State.UNKNOWN, said, own_advice(read.values()))
    return case.found(State.GOOD, _named(case, next(iter(served.values()), "")))


def _wrong(case: Case, served: dict[str, str]) -> dict[str, str]:
    """Return what does not serve what was deployed last; where nothing was, all of it when hosts differ."""
    if case.known.sha:
        return {where: sha for where, sha in served.items() if sha != case.known.sha}
    return served if len(set(served.values())) > 1 else {}


def _read(answer: Answer | Trouble) -> str | Trouble:
    if isinstance(answer, Trouble):
        return answer
    if trouble := failed(answer):
        return trouble
    sha = last_line(answer.output).split(" ")[0]
    if sha == "none":
        return ""
    return sha if _SHA.fullmatch(sha) else Trouble(f"it names no release, but “{cut(answer.output, 60)}”")


def _named(case: Case, sha: str) -> str:
    if not sha:
        return "nothing"
    known = case.known
    return f"{known.ref} ({sha[:_SHORT]})" if sha == known.sha and known.ref != sha else sha[:_SHORT]


def _wanted(case: Case) -> str:
    return f"; {_named(case, case.known.sha)} was deployed last" if case.known.sha else ""
