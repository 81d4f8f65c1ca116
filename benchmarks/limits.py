"""Much of everything: output, hosts, commands, waiting deployments, audit entries; how long, and how much memory."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic

from benchmarks import usage
from benchmarks.crowd import crowd
from benchmarks.kit import Result, until
from benchmarks.targets import fleet, missing
from benchmarks.worlds import Rows, folder, tuning
from bot.sandbox.world import World
from commands.views import card
from deployers.environment import Host, Place
from deployers.plan import Activate, Plan, Prepare, Verify
from deployers.ports import Authority, Operation
from deployers.ssh import SshRemote
from storage import audit
from storage.models import AuditEntry, AuditHead, Status, StepState
from storage.reports import Facts
from storage.store import Store
from tests.builders import a_deployment, a_step, walked

Row = list[str]
Found = tuple[str, float, float, str]
"""What was measured, seconds, MB more memory at most, and what came of it."""


def run(*, quick: bool) -> Result:
    """Try each limit in turn."""
    found = [
        *_output(2 if quick else 100),
        _hosts(50),
        _hosts(500),
        *_commands(10 if quick else 100, waiting=5 if quick else 50),
        _audit(2_000 if quick else 1_000_000),
    ]
    rows = [[what, f"{seconds:.2f} s", f"{memory:.0f} MB", outcome] for what, seconds, memory, outcome in found]
    figures = {what: {"seconds": seconds, "mb": memory, "outcome": outcome} for what, seconds, memory, outcome in found}
    return Result("limits", ("much of", "time", "memory added", "outcome"), rows, figures)


def _output(megabytes: int) -> list[Found]:
    """Have a step print so much, over a real sshd."""
    if missing(1):
        return []
    with folder() as state, fleet(state, 1) as hosts:
        target = hosts.targets[0]
        host = Host(target.name, target.address, ssh_port=target.port)
        place = Place(hosts.user, str(hosts.home / "app"), (host,), str(hosts.known_hosts))
        remote = SshRemote(place, key_file=str(hosts.key_file))
        script = f"head -c {megabytes}000000 /dev/zero | tr '\\0' x"
        before, began = usage.proportional(os.getpid()), monotonic()
        with usage.watched(os.getpid(), itself=True) as used:
            operation = Operation("d1.0.host1.1", script, timedelta(minutes=5))
            (record,) = remote.perform(host, [operation], Authority("d1", 1))
        taken = monotonic() - began
        remote.close()
    assert record.output_bytes == megabytes * 1_000_000
    outcome = f"{len(record.output)} bytes kept, length and digest of all"
    return [(f"{megabytes} MB of a step's output", taken, _more(before, used), outcome)]


def _more(before: float, used: usage.Usage) -> float:
    return max(0.0, used.peak - before)


def _hosts(count: int) -> Found:
    """Plan for so many hosts, and show them on a card in the middle of it."""
    names = tuple(f"web{number}" for number in range(count))
    steps = (Prepare(names), Activate(names), Verify(names))
    one = walked(a_deployment(), Status.RUNNING)
    one.id = 1
    records = tuple(a_step(1, number, target=name) for number in range(2) for name in names)
    for record in records[: count + count // 2]:
        record.state = StepState.SUCCEEDED
    before, began = usage.proportional(os.getpid()), monotonic()
    with usage.watched(os.getpid(), itself=True) as used:
        plan = Plan("deploy", "production", "g", "r", "v2.3", one.sha, "x", "", "rolling", steps)
        assert len(plan.hash) == 64
        blocks = card.announcement(Facts(one, plan.document(), {}, steps=records))
    taken, size = monotonic() - began, len(json.dumps(blocks))
    assert len(blocks) <= 50
    assert size < 13_200
    return (f"{count} hosts in a plan and its card", taken, _more(before, used), f"{len(blocks)} blocks, {size} bytes")


def _commands(count: int, *, waiting: int) -> list[Found]:
    """Send so many commands at once to a bot with so many waiting deployments."""
    with folder() as state, World(state, tuning()) as world:
        url = world.variables()["DATABASE_URL"]
        rows = Rows(url)
        world.bot.stop()
        crowd(url, done=20 * waiting, waiting=waiting)
        began = monotonic()
        world.bot.start()
        world.connected(60)
        started, before = monotonic() - began, usage.proportional(world.bot.pid)
        began = monotonic()
        with usage.watched(world.bot.pid, itself=True) as used, ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda _: world.slack.says("ana", "/deploy status production"), range(count)))
            acked = monotonic() - began
            until(lambda: _answered(rows) >= count, 300, "every answer")
        answered, codes = monotonic() - began, rows.ask("SELECT outcome, count(*) FROM inbox GROUP BY outcome")
        memory = max(0.0, used.peak - before)
    outcome = ", ".join(f"{number} {code or 'answered'}" for code, number in codes)
    return [
        (f"{waiting} waiting, {20 * waiting} finished: start", started, before, "connected; all its memory"),
        (f"{count} commands at once: acknowledged", acked, memory, "all"),
        (f"{count} commands at once: answered", answered, memory, outcome),
    ]


def _answered(rows: Rows) -> int:
    return int(rows.ask("SELECT count(*) FROM inbox WHERE lower(state) IN ('done', 'void')")[0][0])


def _audit(count: int) -> Found:
    """Verify a chain of so many entries."""
    with folder() as state:
        store = Store(f"sqlite:///{state}/audit.db")
        store.migrate()
        _written(store, count)
        before, began = usage.proportional(os.getpid()), monotonic()
        with usage.watched(os.getpid(), itself=True) as used, store.look() as session:
            verified = audit.verify(session)
        taken = monotonic() - began
        store.close()
    assert (verified.entries, verified.broken_at) == (count, None)
    return (f"{count:,} audit entries verified", taken, _more(before, used), "unbroken")


def _written(store: Store, count: int) -> None:
    """Write a chain without asking for its head each time."""
    previous, at = "", datetime(2026, 11, 24, 9, tzinfo=UTC)
    for first in range(1, count + 1, 10_000):
        batch: list[AuditEntry] = []
        for number in range(first, min(first + 10_000, count + 1)):
            moment = at + timedelta(seconds=number)
            written = {
                "number": number,
                "at": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "actor": "shipmate",
                "action": "deployment.approved",
                "subject": f"deployment:{number}",
                "detail": {"environment": "production", "ref": "v2.3"},
                "previous": previous,
            }
            previous = audit.digest(written)
            batch.append(AuditEntry(**{**written, "at": moment}, hash=previous))
        with store.begin() as session:
            session.add_all(batch)
    with store.begin() as session:
        head = session.get_one(AuditHead, 1)
        head.number, head.hash = count, previous
