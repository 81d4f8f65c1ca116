"""The loud message of a deployment that went wrong: what, where, why probably, and what to do."""

from commands.replies import Block
from commands.views import choices
from commands.views.blocks import actions, fence, header, line, message, section, small
from commands.views.outcome import as_before, asking, failing, last_lines, may_retry, way_out, what
from commands.views.request import asked_by, digest
from commands.views.troubles import OTHERWISE, likely
from commands.views.words import release, stopped_by
from storage.models import Kind, Status
from storage.reports import Facts

S = Status
_STOPPED: dict[Status, str] = {
    S.ROLLED_BACK: "was stopped and rolled back",
    S.INCOMPLETE: "was stopped half way",
}
_TITLES: dict[Status, str] = {
    S.FAILED: "failed",
    S.ROLLED_BACK: "failed and was rolled back",
    S.INCOMPLETE: "stopped half way",
    S.UNKNOWN: "stopped: a step's outcome is unknown",
}


def failed(seen: Facts) -> tuple[str, tuple[Block, ...]]:
    """Return the message that says that a deployment went wrong: its line for notifications, and its blocks."""
    deployment = seen.deployment
    titles = _STOPPED if stopped_by(deployment) else _TITLES
    return text(seen), message(
        header(f"{deployment.environment} {choices.named(deployment)} {titles.get(deployment.status, 'failed')}"),
        section(_state(seen)),
        *_what(seen),
        *_cause(seen),
        *(asking(seen) if deployment.status is S.UNKNOWN else []),
        actions(*_buttons(seen)),
        small(f"#{deployment.id} · {digest(seen)} · {asked_by(deployment)}"),
    )


def text(seen: Facts) -> str:
    """Return the failure in one line, such as a pager shows."""
    deployment, failure = seen.deployment, seen.deployment.failure or {}
    why = line(str(failure.get("message", "")), 300) or _TITLES.get(deployment.status, "failed")
    by = stopped_by(deployment)
    failed = "stopped" if deployment.status is S.UNKNOWN else "failed"
    became = f"was stopped by {by}" if by else f"{failed}: {why}"
    said = f"{line(deployment.environment, 60)} {line(choices.named(deployment), 80)} {became}"
    match deployment.status:
        case S.ROLLED_BACK if seen.automatic_rollback:
            return f"{said}. Rolled back to {line(choices.named(seen.automatic_rollback), 80)}."
        case S.INCOMPLETE:
            return f"{said}. It was left half way. Next: {way_out(seen)}"
        case S.UNKNOWN:
            return f"{said}. Tell me what became of it with `/deploy resolve {deployment.id}`."
        case _:
            return said


def _what(seen: Facts) -> list[Block]:
    if by := stopped_by(seen.deployment):
        return [section(f"{by} stopped it.")]
    failure, record = seen.deployment.failure or {}, failing(seen)
    output = last_lines(failure, record, 15)
    return [section(f":warning: {what(failure, record, 900)}"), *([section(fence(output, 2_000))] if output else [])]


def _cause(seen: Facts) -> list[Block]:
    if stopped_by(seen.deployment):
        return []
    failure, record = seen.deployment.failure or {}, failing(seen)
    step = record.kind if record else str(failure.get("step", ""))
    said = f"{failure.get('message', '')}\n{failure.get('output', '')}\n{record.output if record else ''}"
    row = likely(str(failure.get("code", "")), step, said)
    advice = line(str(failure.get("advice") or ""), 500)
    # What to do about an unknown outcome stands above already, with the exact commands.
    todo = " ".join(it for it in ("" if seen.deployment.status is S.UNKNOWN else row.do, advice) if it)
    cause = row.cause if row is OTHERWISE else f"*Likely cause:* {row.cause}"
    return [section(f"{cause}\n*What to do:* {todo}" if todo else cause)]


def _state(seen: Facts) -> str:
    deployment = seen.deployment
    match deployment.status:
        case S.ROLLED_BACK if seen.automatic_rollback:
            child = seen.automatic_rollback
            return f":leftwards_arrow_with_hook: Every target serves {release(child.ref, child.sha)} again."
        case S.INCOMPLETE:
            return f":rotating_light: *It was left half way.* Next: {way_out(seen)}"
        case S.UNKNOWN:
            return ":rotating_light: *It stands still until somebody says what became of the step.*"
        case _:
            return _untouched(seen)


def _untouched(seen: Facts) -> str:
    if any(it.kind == "activate" for it in seen.steps):
        see = f"`/deploy status {line(seen.deployment.environment, 60)}`"
        return f":rotating_light: *Something was switched already.* See what the targets serve: {see}"
    return f"It failed before anything was switched.{as_before(seen.deployment)}"


def _buttons(seen: Facts) -> list[Block]:
    deployment = seen.deployment
    buttons: list[Block] = []
    back = seen.seen.get("way_back")
    if deployment.status is S.INCOMPLETE and back and deployment.kind is Kind.DEPLOY:
        buttons.append(choices.roll_back(deployment, line(back, 40)))
    if deployment.status is not S.UNKNOWN and may_retry(deployment):
        buttons.append(choices.retry(deployment))
    return [*buttons, choices.details(deployment)]
