"""How old the newest backup is, wherever in the environment it lies."""

from dataclasses import dataclass
from shlex import quote

from deployers.checkup.answers import Answers, Case, Trouble, failed, last_line, level, own_advice
from deployers.environment import Environment
from deployers.findings import Found, State, cut
from deployers.ports import Answer

_SCRIPT = """\
cd -- %s 2>/dev/null || { echo none; exit 0; }
ls -A >/dev/null || exit 1
newest=$(ls -At | grep -v -e '\\.part$' -e '\\.tmp$' -e '\\.manifest$' -e '^\\.backup-' | head -n 1)
[ -n "$newest" ] || { echo none; exit 0; }
printf '%%s %%s %%s\\n' "$(date +%%s)" "$(stat -c '%%Y %%s' -- "$newest")" "$newest"
"""


@dataclass(frozen=True, slots=True, order=True)
class _Newest:
    age: int
    size: int
    name: str
    where: str


def idle(environment: Environment) -> str:
    """Say why there is nothing to look at, if so."""
    return "" if environment.backup else "no `backup` is configured"


def script(case: Case) -> str:
    """Return what to run; files that are still being written do not count."""
    return _SCRIPT % quote(_directory(case))


def judge(case: Case, answers: Answers) -> Found:
    """Return the youngest backup of all hosts; a host that cannot be asked might have a younger one."""
    read = {where: _read(where, answer) for where, answer in answers.items()}
    lost = [f"{where}: {it.why}" for where, it in read.items() if isinstance(it, Trouble)]
    have = [it for it in read.values() if isinstance(it, _Newest)]
    if have:
        state, said = _judged(case, min(have))
        return case.found(state, "; ".join((said, *(lost if state is not State.GOOD else ()))))
    if lost:
        return case.found(State.UNKNOWN, "; ".join(lost), own_advice(read.values()))
    return case.found(State.BAD, f"there is none in {_directory(case)}")


def _read(where: str, answer: Answer | Trouble) -> _Newest | Trouble | None:
    if isinstance(answer, Trouble):
        return answer
    if trouble := failed(answer):
        return trouble
    words = last_line(answer.output).split(" ", 3)
    if words == ["none"]:
        return None
    if len(words) != 4 or not all(word.isdigit() for word in words[:3]):
        return Trouble(f"my look answered “{cut(answer.output, 80)}”")
    now, at, size = (int(word) for word in words[:3])
    return _Newest(max(0, now - at), size, words[3], where)


def _judged(case: Case, newest: _Newest) -> tuple[State, str]:
    named = f"{cut(newest.name, 80)} on {newest.where}"
    if not newest.size:
        return State.BAD, f"the newest is empty: {named}"
    return level(case.item, newest.age), f"the newest is {old(newest.age)} old: {named}"


def _directory(case: Case) -> str:
    return case.environment.backup.directory if case.environment.backup else ""


def old(seconds: float) -> str:
    """Return an age in the words one would say."""
    for length, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= (length if unit == "minute" else 2 * length):
            number = int(seconds // length)
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{int(seconds)} seconds"
