"""A remote without hosts: keeps the wrapper's rules in memory, writes down what it is told, answers as scripted."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from threading import Condition

import httpx

from deployers.environment import Host
from deployers.errors import Fenced, HostLocked, Unreachable
from deployers.ports import Answer, Authority, Fate, Operation, Record

KEPT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script comes to: an exit code and what it printed, or another fate."""

    exit_code: int = 0
    output: str = ""
    fate: Fate = Fate.EXITED
    why: str = ""


@dataclass(slots=True)
class _Scripted:
    part: str
    host: str
    outcome: Outcome
    times: int | None


@dataclass(slots=True)
class _Stage:
    """What one host has seen."""

    records: dict[str, Record] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    """Ids of what is being run by some thread just now."""
    aborted: set[str] = field(default_factory=set)
    newest: int = 0
    lock: tuple[str, int] | None = None


def _silence(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError(f"nobody listens on {request.url.host}:{request.url.port}", request=request)


class Rehearsal:
    """An in-memory `deployers.ports.Remote`; every script succeeds silently unless `says` or `act` tell otherwise."""

    def __init__(
        self,
        *,
        act: Callable[[Host, str], Outcome] = lambda _host, _script: Outcome(),
        wire: Callable[[httpx.Request], httpx.Response] = _silence,
    ) -> None:
        self.lines: list[str] = []
        """What was run, in order: `web1$ <script>`."""
        self.performed: list[tuple[str, str]] = []
        """Host and operation id of everything that was really begun, in order."""
        self.aborts: list[tuple[str, Authority]] = []
        self.down: set[str] = set()
        """Names of the hosts that cannot be reached."""
        self.wire = wire
        """What answers HTTP on the hosts; a request's extension `host` names the host."""
        self._act = act
        self._scripted: list[_Scripted] = []
        self._stages: dict[str, _Stage] = {}
        self._lock = Condition()

    def says(self, part: str, outcome: Outcome, *, host: str = "", times: int | None = None) -> None:
        """Let every script that contains the part (on one host, so many times) have this outcome; the newest wins."""
        self._scripted.insert(0, _Scripted(part, host, outcome, times))

    def perform(
        self,
        host: Host,
        operations: Sequence[Operation],
        authority: Authority,
        *,
        heard: Callable[[Record], None] = lambda _: None,
    ) -> tuple[Record, ...]:
        stage = self._reached(host)
        stopped, told = "", []
        for operation in operations:
            record = self._performed(host, stage, operation, authority, stopped)
            if record.fate is not Fate.EXITED or record.exit_code != 0:
                stopped = stopped or (record.why if record.why.startswith(("aborted", "fenced")) else "earlier")
            told.append(record)
            heard(record)
        return tuple(told)

    def _performed(self, host: Host, stage: _Stage, operation: Operation, authority: Authority, stopped: str) -> Record:
        with self._lock:
            self._lock.wait_for(lambda: operation.id not in stage.busy)
            if known := stage.records.get(operation.id):
                return known
            stage.newest = max(stage.newest, authority.token)
            scripted = self._scripted_for(host, operation.script)
            why = stopped or _barred(stage, authority)
            if not why and scripted and scripted.fate is Fate.REFUSED:
                why = scripted.why
            if why:
                return Record(operation.id, Fate.REFUSED, why=why)
            self.lines.append(f"{host.name}$ {operation.script}")
            self.performed.append((host.name, operation.id))
            stage.busy.add(operation.id)
            stage.records[operation.id] = Record(operation.id, Fate.RUNNING, token=authority.token)
        outcome = scripted or self._act(host, operation.script)
        with self._lock:
            stage.busy.discard(operation.id)
            stage.records[operation.id] = _written(operation.id, outcome, authority.token)
            self._lock.notify_all()
            return stage.records[operation.id]

    def records(self, host: Host, ids: Sequence[str]) -> tuple[Record, ...]:
        known = self._reached(host).records
        return tuple(known.get(id_, Record(id_, Fate.ABSENT)) for id_ in ids)

    def abort(self, host: Host, authority: Authority) -> None:
        stage = self._reached(host)
        with self._lock:
            stage.newest = max(stage.newest, authority.token)
            stage.aborted.add(authority.deployment)
            self.aborts.append((host.name, authority))
            for id_, record in stage.records.items():
                if record.fate is Fate.RUNNING:
                    stage.records[id_] = replace(record, fate=Fate.EXITED, exit_code=143)
            self._lock.notify_all()

    def stopped(self, group: str, *, within: float) -> bool:
        """Wait until a group of operations was aborted on some host; False when it took longer, in seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: any(group == one.deployment for _, one in self.aborts), within)

    def lock(self, host: Host, owner: str, authority: Authority) -> None:
        stage = self._reached(host)
        with self._lock:
            stage.newest = max(stage.newest, authority.token)
            if stage.newest > authority.token:
                raise Fenced(host.name, authority.token, stage.newest)
            if stage.lock and not _yields(stage.lock, owner, authority.token):
                raise HostLocked(host.name, stage.lock[0], "")
            stage.lock = (owner, authority.token)

    def unlock(self, host: Host, owner: str) -> None:
        stage = self._reached(host)
        with self._lock:
            if stage.lock and stage.lock[0] == owner:
                stage.lock = None

    def locked_by(self, host: Host) -> str:
        """Return who holds a host's own lock, or nothing."""
        lock = self._reached(host).lock
        return lock[0] if lock else ""

    def ask(self, host: Host, script: str, *, deadline: timedelta = timedelta(seconds=20)) -> Answer:
        self._reached(host)
        with self._lock:
            scripted = self._scripted_for(host, script)
        outcome = scripted or self._act(host, script)
        return Answer(outcome.exit_code, outcome.output.encode()[:KEPT].decode(errors="replace"))

    @contextmanager
    def http(self, host: Host) -> Iterator[httpx.Client]:
        self._reached(host)

        def answer(request: httpx.Request) -> httpx.Response:
            request.extensions["host"] = host.name
            return self.wire(request)

        with httpx.Client(transport=httpx.MockTransport(answer), trust_env=False) as client:
            yield client

    def close(self) -> None:
        """Forget nothing: a rehearsal is read after it was closed."""

    def _reached(self, host: Host) -> _Stage:
        if host.name in self.down:
            raise Unreachable(host.name, "it is down in this rehearsal")
        with self._lock:
            return self._stages.setdefault(host.name, _Stage())

    def _scripted_for(self, host: Host, script: str) -> Outcome | None:
        for scripted in self._scripted:
            if scripted.part in script and scripted.host in ("", host.name) and scripted.times != 0:
                scripted.times = None if scripted.times is None else scripted.times - 1
                return scripted.outcome
        return None


def _barred(stage: _Stage, authority: Authority) -> str:
    if authority.deployment in stage.aborted:
        return "aborted"
    return f"fenced {stage.newest}" if stage.newest > authority.token else ""


def _written(id_: str, outcome: Outcome, token: int) -> Record:
    printed = outcome.output.encode()
    return Record(
        id_,
        outcome.fate,
        exit_code=outcome.exit_code if outcome.fate is Fate.EXITED else None,
        output=printed[-KEPT:].decode(errors="replace"),
        output_bytes=len(printed),
        output_sha256=sha256(printed).hexdigest(),
        token=token,
        why=outcome.why,
    )


def _yields(lock: tuple[str, int], owner: str, token: int) -> bool:
    holder, number = lock
    return holder == owner or (number < token and _family(holder) == _family(owner))


def _family(owner: str) -> str:
    """Return all but the last part of `shipmate:app:environment`."""
    end = max(owner.rfind(":"), owner.rfind(" "))
    return owner if end < 0 else owner[:end]
