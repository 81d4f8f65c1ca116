"""Whether a deployment may begin: a snapshot in, a verdict out."""

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from deployers.freezes import frozen
from deployers.gate import Gate
from deployers.gates_lasting import LASTING
from deployers.gates_mixed import MIXED
from deployers.gates_revision import REVISION, SKIPPING
from deployers.snapshot import Allowed, Refused, Snapshot, Verdict

__all__ = ["Allowed", "Gate", "Refused", "Snapshot", "Standing", "Verdict", "every", "judge", "still"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one gate is at one instant."""

    name: str
    told: str
    refused: Refused | None = None
    there: bool = True


def judge(asked: Snapshot) -> Verdict:
    """Return the first gate that stops the deployment, or how it may go ahead.

    A rollback makes production safe again, so no gate stops it.
    """
    if asked.kind == "rollback":
        return Allowed(0)
    for gate in GATES:
        if refused := gate.shut(asked):
            return refused
    return Allowed(asked.approvals_needed)


def every(asked: Snapshot) -> Iterator[Standing]:
    """Yield how each gate is, not only the first that is shut."""
    for gate in GATES:
        refused, there = gate.shut(asked), gate.there(asked)
        told = refused.why if refused else gate.passes(asked) if there else gate.absent
        yield Standing(gate.name, told, refused, there)


def still(asked: Snapshot) -> Verdict:
    """Judge once more before a release is activated: the same gates, and whether the approvals still stand.

    The preflight is not asked again: the steps meet the hosts themselves by now.
    """
    if asked.kind == "rollback":
        return Allowed(0)
    for gate in (_strategy, SKIPPING.shut, _frozen, _freeze, LASTING.shut, MIXED.shut, _after, _checks, _approvals):
        if refused := gate(asked):
            return refused
    return Allowed(asked.approvals_needed)


def _strategy(asked: Snapshot) -> Refused | None:
    if not asked.strategies or asked.strategy in asked.strategies:
        return None
    allowed = ", ".join(f"`{name}`" for name in asked.strategies)
    return Refused(
        "strategy",
        f"{asked.environment} does not allow the strategy `{asked.strategy}`; it allows {allowed}.",
        next=f"/deploy {asked.environment} {asked.ref} --strategy {asked.strategies[0]}",
    )


def _frozen(asked: Snapshot) -> Refused | None:
    held = asked.frozen
    if held is None:
        return None
    until = f" until {held.until.astimezone(ZoneInfo(asked.zone)):%a %d %b %H:%M}" if held.until else ""
    return Refused(
        "frozen",
        f"{asked.environment} is frozen{until} by {held.by}: {held.reason.rstrip('.')}."
        f" `/ops unfreeze {asked.environment}` lifts it.",
        since=held.since,
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _taken_back(asked: Snapshot) -> Refused | None:
    if not asked.taken_back or asked.insists:
        return None
    return Refused(
        "bad",
        f"{asked.ref} ({asked.sha[:7]}) was taken back on {asked.environment} before: {asked.taken_back.rstrip('.')}."
        " If it is wanted there again all the same, say why.",
        next=f'/deploy {asked.environment} {asked.ref} --again --reason "…"',
    )


def _freeze(asked: Snapshot) -> Refused | None:
    window = frozen(asked.freezes, asked.now, asked.zone)
    if window is None:
        return None
    reason = f" ({window.reason})" if window.reason else ""
    return Refused(
        "frozen",
        f"{asked.environment} is frozen until {window.until:%a %d %b %H:%M}{reason}.",
        since=window.since,
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _after(asked: Snapshot) -> Refused | None:
    if not asked.after or asked.succeeded_there:
        return None
    return Refused(
        "after",
        f"{asked.ref} ({asked.sha[:7]}) has not succeeded on {asked.after} yet; {asked.environment} comes after it.",
        next=f"/deploy {asked.after} {asked.ref}",
    )


def _checks(asked: Snapshot) -> Refused | None:
    if asked.skip_tests:
        return None
    told = {name: asked.checks.get(name, "unknown") for name in asked.required_checks}
    red = {name: said for name, said in told.items() if said != "success"}
    if not red:
        return None
    words = ", ".join(f"`{name}` is {said}" for name, said in red.items())
    code = "checks_unknown" if set(red.values()) == {"unknown"} else "checks_red"
    nothing = "I have heard nothing from continuous integration about this revision"
    hint = f" {asked.checks_unasked or nothing}." if code == "checks_unknown" else ""
    return Refused(
        code,
        f"The checks that {asked.environment} requires are not all green on {asked.sha[:7]}: {words}.{hint}",
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _preflight(asked: Snapshot) -> Refused | None:
    bad = [finding for finding in asked.findings if finding.blocking and not finding.good]
    if not bad:
        return None
    words = "; ".join(f"{it.where}: {it.what}{f' ({it.detail})' if it.detail else ''}" for it in bad[:5])
    more = f"; and {len(bad) - 5} more" if len(bad) > 5 else ""
    return Refused(
        "preflight",
        f"{asked.environment} is not ready to be deployed to. {words}{more}.",
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _left_behind(asked: Snapshot) -> Refused | None:
    """Refuse what nobody would be asked about; where somebody approves, the card asks."""
    if not asked.left_behind or asked.approvals_needed:
        return None
    return Refused(
        "migration",
        f"{asked.ref} changes the database, and {', '.join(asked.left_behind)} would go on with the old code over it"
        f" until their turn. Nobody is asked on {asked.environment}, and nobody has declared that it can."
        f' If it can, write `migrations = "compatible"` below `[environments.{asked.environment}.rollback]`;'
        " if not, set `batch` so that all hosts change at once, or require an approval.",
        next=f"/deploy plan {asked.environment} {asked.ref}",
    )


def _approvals(asked: Snapshot) -> Refused | None:
    if asked.approvals_standing is None or asked.approvals_standing >= asked.approvals_needed:
        return None
    return Refused(
        "approval_revoked",
        f"Only {asked.approvals_standing} of the {asked.approvals_needed} approvals that {asked.environment} needs"
        " still stand: somebody who approved does not have the role any more.",
        who=asked.who,
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _green(asked: Snapshot) -> str:
    names = _listed(asked.required_checks)
    if asked.skip_tests:
        return f"{names} are not looked at, because that was asked for."
    return f"{names} {'is' if len(asked.required_checks) == 1 else 'are'} green."


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


GATES = (
    Gate(
        "Strategy",
        _strategy,
        lambda it: bool(it.strategies),
        lambda it: f"`{it.strategy}` is allowed.",
        "Any strategy is allowed.",
    ),
    SKIPPING,
    Gate("Frozen", _frozen, lambda it: it.frozen is not None, lambda _: "", "Nobody has frozen it."),
    Gate("Freeze", _freeze, lambda it: bool(it.freezes), lambda _: "No freeze holds now.", "There are no freezes."),
    LASTING,
    MIXED,
    *REVISION,
    Gate(
        "History",
        _taken_back,
        lambda it: bool(it.taken_back),
        lambda _: "It was taken back here before, and is wanted again all the same.",
        "It was never taken back here.",
    ),
    Gate(
        "Order",
        _after,
        lambda it: bool(it.after),
        lambda it: f"It has succeeded on {it.after}.",
        "It comes after no other environment.",
    ),
    Gate(
        "Checks",
        _checks,
        lambda it: bool(it.required_checks),
        _green,
        "No checks are required.",
    ),
    Gate(
        "Targets",
        _preflight,
        lambda it: bool(it.findings),
        lambda _: "They were looked at just now and are ready.",
        "They were not looked at.",
    ),
    Gate(
        "Database",
        _left_behind,
        lambda it: bool(it.left_behind),
        lambda _: "Old code meets the new database for a while; who approves decides about that.",
        "No old code is left over a new database.",
    ),
)
"""Every gate that can stop a deployment before it begins, in the order in which they are judged."""
