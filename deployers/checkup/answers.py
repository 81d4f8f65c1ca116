"""What hosts and addresses answer when a check asks them, and what that amounts to; pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from shlex import quote

from deployers import shell
from deployers.checklists import Item
from deployers.environment import Environment, Place
from deployers.findings import Found, State, cut, worst
from deployers.ports import Answer

MOST_WHY = 160
TIMED_OUT = frozenset({124, 137})
"""How `timeout` ends when it had to end a command."""
NOTHING = 65
_NOTHING = "nothing is served below"


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows say of an environment."""

    sha: str = ""
    """What ought to run there; empty when I deployed nothing yet."""
    ref: str = ""
    under_way: str = ""
    """The deployment that holds it now."""
    colour: str = ""
    """Which side serves; empty where there are no two sides."""


@dataclass(frozen=True, slots=True)
class Case:
    """One item in one environment."""

    item: Item
    environment: Environment
    known: Known = Known()
    mark: str = ""
    """For a script: where the last check stopped on this host."""

    def found(self, state: State, said: str, advice: str = "") -> Found:
        """Return a finding about it."""
        told = "" if state in {State.GOOD, State.IDLE} else advice or self.advice()
        return Found(self.item.probe, self.item.called, self.environment.name, state, said, told)

    def advice(self, own: str = "") -> str:
        """Return what to do: as configured, else what the judge of this case knows, else what fits the probe."""
        return self.item.advice or own or self.item.kind.advice


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something could not be told."""

    why: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class One:
    """What was found at one place."""

    state: State
    said: str
    lines: tuple[str, ...] = ()
    advice: str = ""
    mark: str = ""
    figure: float = 0
    """How much it is, where that can be compared."""
    most: str = ""
    """What to say of all good places together when this one has the greatest figure."""


Answers = Mapping[str, Answer | Trouble]
"""By host."""


def heard(answer: Answer, within: timedelta) -> Answer | Trouble:
    """Return the answer, or why it is none: too late, endless, or from a host that serves nothing."""
    if answer.exit_code in TIMED_OUT:
        return Trouble(f"no answer within {within.total_seconds():g} s", "Run it on the host by hand.")
    if answer.exit_code < 0:
        return Trouble("it prints without an end, so I stopped reading", "Run it on the host by hand.")
    if answer.exit_code == NOTHING and answer.output.startswith(_NOTHING):
        return Trouble(last_line(answer.output), "Deploy something there first.")
    return answer


def failed(answer: Answer) -> Trouble | None:
    """Return in words that a script of ours did not work, or None when it did."""
    if answer.exit_code == 0:
        return None
    return Trouble(f"my look ended with exit code {answer.exit_code}: “{last_line(answer.output)}”")


def own_advice(read: Iterable[object]) -> str:
    """Return what the first trouble itself says to do."""
    return next((it.advice for it in read if isinstance(it, Trouble) and it.advice), "")


def last_line(output: str) -> str:
    """Return the last line that says something."""
    lines = [line for line in output.splitlines() if line.strip()]
    return cut(lines[-1], MOST_WHY) if lines else "nothing"


def level(item: Item, value: float) -> State:
    """Return what a figure means by the item's thresholds."""
    kind = item.kind
    attention = kind.attention if item.attention is None else item.attention
    bad = kind.bad if item.bad is None else item.bad
    for limit, state in ((bad, State.BAD), (attention, State.ATTENTION)):
        if limit is not None and (value < limit if kind.falling else value >= limit):
            return state
    return State.GOOD


def spoken(answer: Answer | Trouble, judge: Callable[[Answer], One]) -> One:
    """Return what an answer means; of trouble nothing is known, and unknown is never good."""
    if isinstance(answer, Trouble):
        return One(State.UNKNOWN, answer.why, advice=answer.advice)
    return judge(answer)


def judged(answer: Answer | Trouble, judge: Callable[[Answer], One]) -> One:
    """Return what the answer of a script of ours means, which has to work."""
    trouble = failed(answer) if isinstance(answer, Answer) else answer
    return spoken(trouble or answer, judge)


def together(case: Case, found: Mapping[str, One]) -> Found:
    """Return what was found at all places of an environment as one finding."""
    state = worst(one.state for one in found.values())
    shown = {where: one for where, one in found.items() if one.state is not State.GOOD} or dict(found)
    own = next((one.advice for one in shown.values() if one.state is state and one.advice), "")
    return replace(
        case.found(
            state, _sentence(case.environment, shown, len(found)), own if state is State.UNKNOWN else case.advice(own)
        ),
        lines=tuple(
            _at(where, line, len(case.environment.hosts)) for where, one in shown.items() for line in one.lines
        ),
        marks={where: one.mark for where, one in found.items() if one.mark},
    )


def _sentence(environment: Environment, shown: Mapping[str, One], places: int) -> str:
    """Return one sentence, which names hosts only where there are several and they differ."""
    said, hosts = {one.said for one in shown.values()}, {host.name for host in environment.hosts}
    top = max(shown.values(), key=lambda one: one.figure)
    if len(said) > 1 and top.most and all(one.state is State.GOOD for one in shown.values()):
        return top.most
    if len(said) == 1 and len(shown) == places and hosts >= set(shown):
        return f"{said.pop()}{'' if places == 1 else ' on both hosts' if places == 2 else f' on all {places} hosts'}"
    return "; ".join(f"{where}: {one.said}" for where, one in shown.items())


def _at(where: str, line: str, hosts: int) -> str:
    return f"{where}: {line}" if hosts > 1 else line


def in_current(environment: Environment, *lines: str) -> str:
    """Return a script that runs inside the served release, or says that there is none."""
    current = quote(f"{place(environment).path}/current")
    nothing = quote(f"{_NOTHING} {place(environment).path}")
    return "\n".join((f"cd -- {current} 2>/dev/null || {{ echo {nothing}; exit {NOTHING}; }}", "set -eu", *lines))


def foreign(case: Case, command: str) -> str:
    """Return a script that runs a command of the team's own; whatever it began is killed when its time is over."""
    filled = shell.filled(command, {"environment": case.environment.name})
    seconds = max(1, round(case.item.timeout.total_seconds()))
    # Without `exec`: a shell that lives on turns the kill into an exit code, which every SSH server passes on.
    return in_current(case.environment, f"timeout -s KILL {seconds} sh -c {quote(filled)} || exit $?")


def place(environment: Environment) -> Place:
    """Return where on its hosts the application lives; those without hosts are never asked."""
    if environment.place is None:
        raise ValueError(f"{environment.name} has no hosts")
    return environment.place
