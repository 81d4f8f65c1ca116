"""Looks at everything on a checklist, all at once: each question with a deadline, and whatever answers is told."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from deployers.checklists import Checklist, Item
from deployers.checkup import backup, certificate, command, disk, health, log, queue, rows, versions
from deployers.checkup.answers import Case, Known, Trouble, heard
from deployers.checkup.rows import Rows
from deployers.colours import faced
from deployers.environment import Environment, Host
from deployers.errors import DeployError, HostKeyRefused, Unreachable
from deployers.findings import Found, State
from deployers.health import Sample
from deployers.ports import Clock, Remote
from deployers.probes import Probes
from deployers.rehearsal import Rehearsal

logger = logging.getLogger(__name__)

Question = Callable[[], Any]
Marks = Mapping[tuple[str, str, str], str]
"""Where the last check stopped reading, by probe, environment and host."""

SLACK = timedelta(seconds=15)
"""Beyond the longest timeout of an item, for connecting."""
GRACE = timedelta(seconds=2)
"""For a script to end what it was to end by itself."""
AT_ONCE = 64
SCRIPTS: Mapping[str, Any] = {
    "errors": log,
    "queue": queue,
    "disk": disk,
    "backup": backup,
    "versions": versions,
    "command": command,
}
"""Probes that are one script on each host: modules with `script`, `judge` and sometimes `idle`."""


@dataclass(frozen=True, slots=True)
class Tools:
    """How the outside is reached."""

    remote_for: Callable[[Environment], Remote]
    clock: Clock
    with_secrets: Callable[[Environment], Environment] = lambda environment: environment
    """Returns the environment with the values of its secret health headers."""
    certificate: Callable[[str], datetime | Trouble] = certificate.ends
    slack: timedelta = SLACK


@dataclass(frozen=True, slots=True)
class Looking:
    """One round over a checklist."""

    tools: Tools
    rows: Rows
    marks: Marks = field(default_factory=dict)

    def at(self, checklist: Checklist, places: Sequence[Environment]) -> tuple[Found, ...]:
        """Return what was found, in the checklist's order; what hangs is unknown, and the rest is told all the same."""
        pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="check")
        doors = {place.name: _Doors.of(self.tools.remote_for(place), place, pool) for place in places if place.machines}
        try:
            begun = [(item, self._begun(item, places, doors, pool)) for item in checklist.items]
            longest = max((item.timeout for item in checklist.items), default=timedelta(0)) + self.tools.slack
            wait([it for _, asked in begun for it in asked.futures()], timeout=longest.total_seconds())
            return tuple(found for item, asked in begun for found in self._judged(item, asked, longest))
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for door in doors.values():
                door.remote.close()

    def _begun(
        self, item: Item, places: Sequence[Environment], doors: Mapping[str, "_Doors"], pool: ThreadPoolExecutor
    ) -> "_Asked":
        meant = [place for place in places if not item.environments or place.name in item.environments]
        asked = _Asked([], meant)
        if item.probe in rows.JUDGES:
            return asked
        for place in meant:
            case = Case(item, place, self.rows.known.get(place.name, Known()))
            why = _idle(case)
            questions = {} if why else dict(self._questions(case, doors.get(place.name)))
            futures = {where: pool.submit(_answer, question) for where, question in questions.items()}
            asked.cases.append(_Open(case, why, futures))
        return asked

    def _questions(self, case: Case, doors: "_Doors | None") -> Iterator[tuple[str, Question]]:
        place, probe = case.environment, case.item.probe
        if probe == "certificate":
            yield health.ADDRESS, partial(self.tools.certificate, place.url)
        elif probe == "health":
            yield from self._health(case, doors)
        elif doors:
            for host in place.machines:
                mark = self.marks.get((probe, place.name, host.name), "")
                yield host.name, doors.asking(host, partial(_ask, doors.remote, host, replace(case, mark=mark)))

    def _health(self, case: Case, doors: "_Doors | None") -> Iterator[tuple[str, Question]]:
        place = self.tools.with_secrets(case.environment)
        if place.health is None:
            return
        if not case.known.sha or case.known.under_way:
            place = without_version(place)
        if doors and place.health and place.health.target:
            probes = Probes(place, doors.remote, self.tools.clock)
            for host in faced(place, case.known.colour).machines:
                yield host.name, doors.asking(host, partial(probes.target, host, case.known.sha))
        if place.url:
            yield health.ADDRESS, partial(look_at_address, place, case.known.sha, self.tools.clock)

    def _judged(self, item: Item, asked: "_Asked", longest: timedelta) -> Iterator[Found]:
        if judge := rows.JUDGES.get(item.probe):
            yield from judge(item, self.rows, asked.places)
        for it in asked.cases:
            if it.why:
                yield it.case.found(State.IDLE, it.why)
            else:
                yield self._meaning(it.case, {where: _result(future, longest) for where, future in it.futures.items()})

    def _meaning(self, case: Case, answers: Mapping[str, Any]) -> Found:
        if case.item.probe == "certificate":
            return certificate.judge(case, answers[health.ADDRESS], self.rows.now)
        judge = health.judge if case.item.probe == "health" else SCRIPTS[case.item.probe].judge
        found: Found = judge(case, answers)
        return found


def without_version(place: Environment) -> Environment:
    """Return the environment for looks at its health alone: what it ought to serve is not known, or not asked."""
    return replace(place, health=replace(place.health, version=None)) if place.health else place


def look_at_address(place: Environment, sha: str, clock: Clock) -> Sample:
    """Take one look at an environment through the address that people use."""
    return Probes(place, Rehearsal(), clock).url(sha)


@dataclass(frozen=True, slots=True)
class _Doors:
    """The hosts of one environment: each is knocked at once, and nobody asks where nobody opens."""

    remote: Remote
    knocks: Mapping[str, "Future[Any]"]

    @classmethod
    def of(cls, remote: Remote, place: Environment, pool: ThreadPoolExecutor) -> "_Doors":
        """Knock at every host."""
        knocks = {host.name: pool.submit(_answer, partial(remote.ask, host, ":")) for host in place.machines}
        return cls(remote, knocks)

    def asking(self, host: Host, question: Question) -> Question:
        """Return the question, or what came of knocking."""

        def ask() -> Any:
            opened = self.knocks[host.name].result()
            return opened if isinstance(opened, Trouble) else question()

        return ask


@dataclass(frozen=True, slots=True)
class _Open:
    """A case whose answers are on their way."""

    case: Case
    why: str
    """Why it is not looked at; empty when it is."""
    futures: Mapping[str, "Future[Any]"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """An item with all its cases."""

    cases: list[_Open]
    places: Sequence[Environment]

    def futures(self) -> Iterator["Future[Any]"]:
        for it in self.cases:
            yield from it.futures.values()


def _idle(case: Case) -> str:
    place, probe = case.environment, case.item.probe
    if probe == "certificate":
        return certificate.idle(place)
    if probe == "health":
        return health.idle(place)
    if not place.machines:
        return "it has no hosts"
    idle = getattr(SCRIPTS[probe], "idle", None)
    return idle(place) if idle else ""


def _ask(remote: Remote, host: Host, case: Case) -> Any:
    within = case.item.timeout
    return heard(remote.ask(host, SCRIPTS[case.item.probe].script(case), deadline=within + GRACE), within)


def _answer(question: Question) -> Any:
    try:
        return question()
    except Unreachable as error:
        return Trouble(f"it cannot be reached ({error.why})", "See whether it is up: `shipmate check`.")
    except HostKeyRefused as error:
        return Trouble(
            "it showed a host key that is not pinned", f"Compare its key, then correct `{error.known_hosts}`."
        )
    except DeployError as error:
        return Trouble(str(error))
    except Exception:
        logger.exception("A question of a check broke")
        return Trouble("something of mine broke while I asked; my log has the details")


def _result(future: "Future[Any]", longest: timedelta) -> Any:
    if future.done() and not future.cancelled():
        return future.result()
    return Trouble(f"no answer within {longest.total_seconds():g} s", "See whether it hangs, and why.")
