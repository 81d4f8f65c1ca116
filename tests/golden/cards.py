"""One card of every state, from made-up facts that never change."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from commands.replies import Block
from commands.views import card, failure
from storage.models import Decision, Deployment, Kind, Status, StepRecord, StepState
from storage.reports import Facts
from tests.builders import NOW, a_deployment, a_step, an_approval


def sha(ref: str) -> str:
    """Return a full SHA that looks like one."""
    return sha256(ref.encode()).hexdigest()[:40]


_REPLACED = {Kind.DEPLOY: ("v2.2", sha("v2.2")), Kind.ROLLBACK: ("v2.3", sha("v2.3"))}


HASH = "h" * 64
WORDS = ("prepare", "build", "migrate", "activate", "restart", "verify")
PLAN: dict[str, Any] = {
    "steps": [{"do": word, "targets": ["web1"] if word == "migrate" else ["web1", "web2"]} for word in WORDS],
    "migrations": ["migrations/007_names.py"],
    "resolved": {"approvals": {"required": 2, "role": "approver"}},
}
SEEN: dict[str, Any] = {
    "commits": [
        {"sha": sha("c3"), "subject": "Merge pull request #41 from shop/names", "author": "Ana"},
        {"sha": sha("c2"), "subject": "Escape <!channel> & friends (#40)", "author": "Ben"},
        {"sha": sha("c1"), "subject": "Add names", "author": "Ana"},
    ],
    "commits_count": 14,
    "files_changed": 9,
    "insertions": 120,
    "deletions": 33,
    "migrations": ["migrations/007_names.py"],
    "risks": ["the database changes (1 migration)"],
    "preflight": [{"where": "web1", "what": "reachable", "good": True, "detail": ""}],
    "way_back": "v2.2",
}
FAILURE = {
    "code": "unhealthy",
    "message": "web2 is not healthy: /api/health answered 503",
    "step": "verify",
    "target": "web2",
    "output": "GET /api/health 503\ndatabase: down <b>",
}

STOPPED = {"code": "aborted", "message": "stopped by U0BEN", "step": "", "target": "", "output": ""}


def deployment(status: Status, *, kind: Kind = Kind.DEPLOY, number: int = 12, **values: Any) -> Deployment:
    """Return a deployment of v2.3 over v2.2 in this status."""
    made = a_deployment("v2.2" if kind is Kind.ROLLBACK else "v2.3", kind=kind, status=status)
    made.id, made.plan_hash, made.requested_name = number, HASH, "Ana Silva"
    made.sha, (made.replaces_ref, made.replaces_sha) = sha(made.ref), _REPLACED[kind]
    made.changed_at = NOW + timedelta(minutes=2)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def facts(status: Status, *, steps: tuple[StepRecord, ...] = (), **values: Any) -> Facts:
    """Return the facts of a deployment in this status."""
    begun = {"started_at": NOW + timedelta(minutes=1)} if steps else {}
    made = deployment(status, **{**begun, **values})
    return Facts(made, PLAN, SEEN, (an_approval(12, "U0BEN"), an_approval(12, "U0LEA")), steps, typical_seconds=95)


def steps(until: int, state: StepState) -> tuple[StepRecord, ...]:
    """Return the records of web1 through the whole plan and of web2 until a step in this state."""
    first = [_step(number, "web1", StepState.SUCCEEDED) for number in range(len(WORDS))]
    second = [
        _step(number, "web2", state if number == until else StepState.SUCCEEDED)
        for number in range(until + 1)
        if WORDS[number] != "migrate"
    ]
    return (*first, *second)


def _step(number: int, target: str, state: StepState) -> StepRecord:
    record = a_step(12, number, target=target)
    record.kind, record.state = WORDS[number], state
    record.started_at = NOW + timedelta(minutes=1, seconds=number * 5)
    if state is not StepState.INTENDED:
        record.finished_at = record.started_at + timedelta(seconds=4)
    return record


def _ended(status: Status, **values: Any) -> Facts:
    ends = {"finished_at": NOW + timedelta(minutes=2)} if status.value not in ("incomplete", "unknown") else {}
    return facts(status, steps=steps(5, StepState.FAILED), failure=FAILURE, **{**ends, **values})


def _stopped(status: Status, done: tuple[StepRecord, ...]) -> Facts:
    seen = facts(
        status,
        steps=done,
        failure=STOPPED,
        aborted_by="U0BEN",
        abort_back=status is Status.ROLLED_BACK,
        finished_at=None if status is Status.INCOMPLETE else NOW + timedelta(minutes=2),
    )
    back = deployment(Status.SUCCEEDED, kind=Kind.ROLLBACK, number=13, automatic=True, requested_by="shipmate")
    return replace(seen, automatic_rollback=back if status is Status.ROLLED_BACK else None)


def _back(status: Status, child: Status) -> Facts:
    seen = (
        _ended(status)
        if status is not Status.ROLLING_BACK
        else facts(status, steps=steps(5, StepState.FAILED), failure=FAILURE)
    )
    state = StepState.SUCCEEDED if child is Status.SUCCEEDED else StepState.INTENDED
    return Facts(
        seen.deployment,
        seen.plan,
        seen.seen,
        seen.approvals,
        seen.steps,
        automatic_rollback=deployment(child, kind=Kind.ROLLBACK, number=13, automatic=True, requested_by="shipmate"),
        child_steps=(_step(3, "web2", state), _step(3, "web1", StepState.SUCCEEDED)),
        typical_seconds=95,
    )


def _awaiting() -> Facts:
    seen = facts(Status.AWAITING_APPROVAL, reason="the shop wants names", expires_at=NOW + timedelta(minutes=30))
    return Facts(seen.deployment, seen.plan, seen.seen, seen.approvals[:1])


def _rejected() -> Facts:
    no = an_approval(12, "U0LEA", decision=Decision.REJECTED)
    no.reason = "not on a Friday"
    seen = facts(Status.REJECTED)
    return Facts(seen.deployment, seen.plan, seen.seen, (no,))


def _quiet() -> Facts:
    seen = facts(Status.AWAITING_APPROVAL)
    return Facts(seen.deployment, {**PLAN, "migrations": []}, {**SEEN, "risks": [], "commits": SEEN["commits"][2:]})


def _many() -> Facts:
    names = [f"web{number}" for number in range(1, 31)]
    plan = {**PLAN, "steps": [{"do": word, "targets": names} for word in WORDS]}
    records = (*(_step(0, name, StepState.SUCCEEDED) for name in names), _step(1, "web20", StepState.FAILED))
    seen = facts(Status.RUNNING, steps=records)
    return Facts(seen.deployment, plan, SEEN, seen.approvals, records)


def _undone() -> Facts:
    seen = facts(Status.SUCCEEDED, steps=steps(5, StepState.SUCCEEDED), finished_at=NOW + timedelta(minutes=3))
    back = deployment(Status.SUCCEEDED, kind=Kind.ROLLBACK, number=14)
    return Facts(seen.deployment, seen.plan, seen.seen, seen.approvals, seen.steps, undone_by=back)


def _restored(status: Status) -> Facts:
    swapped = _step(4, "web1", StepState.SUCCEEDED)
    swapped.kind, swapped.output = "swap_database", "= before shop_before_20261124093000\n"
    ends = {"finished_at": NOW + timedelta(minutes=3)} if status is Status.SUCCEEDED else {"failure": FAILURE}
    seen = facts(status, steps=(swapped,), kind=Kind.ROLLBACK, strategy="restore", **ends)
    return replace(seen, plan={**PLAN, "restores": {"backup": "backup-20261124-061500", "database": True}})


CARDS: Mapping[str, Callable[[], Facts]] = {
    "awaiting_approval": _awaiting,
    "awaiting_approval_no_risks": _quiet,
    "queued": lambda: facts(Status.QUEUED),
    "preparing": lambda: facts(Status.PREPARING, steps=(_step(0, "web1", StepState.INTENDED),)),
    "running": lambda: facts(Status.RUNNING, steps=steps(3, StepState.INTENDED)),
    "running_thirty_targets": _many,
    "stopping": lambda: facts(Status.RUNNING, steps=steps(3, StepState.INTENDED), aborted_by="U0BEN", abort_back=True),
    "verifying": lambda: facts(Status.VERIFYING, steps=steps(5, StepState.INTENDED)),
    "holding": lambda: facts(Status.HOLDING, steps=steps(5, StepState.INTENDED)),
    "rolling_back": lambda: _back(Status.ROLLING_BACK, Status.RUNNING),
    "rolled_back": lambda: _back(Status.ROLLED_BACK, Status.SUCCEEDED),
    "succeeded": lambda: facts(
        Status.SUCCEEDED, steps=steps(5, StepState.SUCCEEDED), finished_at=NOW + timedelta(minutes=3)
    ),
    "succeeded_then_undone": _undone,
    "failed": lambda: _ended(Status.FAILED),
    "incomplete": lambda: _ended(Status.INCOMPLETE),
    "unknown": lambda: facts(Status.UNKNOWN, steps=steps(3, StepState.UNKNOWN), failure={**FAILURE, "code": "unknown"}),
    "rejected": _rejected,
    "expired": lambda: facts(Status.EXPIRED, expires_at=NOW + timedelta(minutes=30)),
    "cancelled": lambda: facts(Status.CANCELLED, aborted_by="U0ANA"),
    "cancelled_while_running": lambda: _stopped(Status.CANCELLED, steps(1, StepState.FAILED)[-2:]),
    "stopped_and_rolled_back": lambda: _stopped(Status.ROLLED_BACK, steps(4, StepState.SUCCEEDED)),
    "stopped_half_way": lambda: _stopped(Status.INCOMPLETE, steps(4, StepState.SUCCEEDED)),
    "refused": lambda: facts(Status.REFUSED, failure={"message": "production is frozen until Mon 07:00."}),
    "superseded": lambda: facts(Status.SUPERSEDED),
    "restored": lambda: _restored(Status.SUCCEEDED),
    "restored_half_way": lambda: _restored(Status.INCOMPLETE),
    "rollback_running": lambda: facts(Status.RUNNING, steps=steps(3, StepState.INTENDED), kind=Kind.ROLLBACK),
}
LOUD = ("failed", "rolled_back", "incomplete", "unknown", "stopped_and_rolled_back", "stopped_half_way")


def cards() -> dict[str, Any]:
    """Return every card and every loud message by the name of its file."""
    found: dict[str, Any] = {f"card_{name}": list(card.announcement(make())) for name, make in CARDS.items()}
    ahead = deployment(Status.RUNNING, number=11)
    found["card_queued_behind"] = list(card.announcement(facts(Status.QUEUED), behind=ahead))
    found |= {f"loud_{name}": _message(failure.failed(CARDS[name]())) for name in LOUD}
    return found


def _message(said: tuple[str, tuple[Block, ...]]) -> dict[str, Any]:
    return {"text": said[0], "blocks": list(said[1])}
