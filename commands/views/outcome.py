"""How a deployment ended, on its card: quietly when well, with what to do next when not."""

from collections.abc import Callable
from typing import Any

from commands.replies import Block
from commands.views import before, choices, holding, reviewing
from commands.views.blocks import actions, code, escape, fence, line, section, small
from commands.views.progress import going_back, progress, timing
from commands.views.request import approved, asked_by, digest
from commands.views.words import doing, noun, release, stopped_by, title, when, who
from deployers.backups.answers import kept_as
from deployers.plan import SwapDatabase
from storage.models import Decision, Deployment, Kind, Status, StepRecord, StepState
from storage.reports import Facts

S = Status
LAST_LINES = 8
MOST_ASKED = 3
_NOT_BEGUN = frozenset({S.REJECTED, S.EXPIRED})


def outcome(seen: Facts) -> list[Block]:
    """Return the body of a card whose deployment has come to rest."""
    return [*_body(seen), *before.told(seen.before), *_reviewed(seen)]


def _reviewed(seen: Facts) -> list[Block]:
    told = reviewing.standing(seen.review)
    return [small(told)] if told else []


def _body(seen: Facts) -> list[Block]:
    status = seen.deployment.status
    if status is S.SUCCEEDED:
        return _succeeded(seen)
    if status in _NOT_BEGUN or seen.deployment.started_at is None:
        return [*_why(seen), small(f"{digest(seen)} · {asked_by(seen.deployment)}"), *_again(seen)]
    return [*_why(seen), *progress(seen), *_went_back(seen), _ended(seen), *_again(seen)]


def trouble(seen: Facts) -> list[Block]:
    """Return what went wrong: the step, the sentence, the end of the output."""
    failure = seen.deployment.failure
    if not failure or stopped_by(seen.deployment):
        return []
    told = [section(f":warning: {what(failure, failing(seen), 600)}")]
    if output := last_lines(failure, failing(seen)):
        told.append(section(fence(output, 1_000)))
    return told


def _ended(seen: Facts, *more: str) -> Block:
    deployment = seen.deployment
    told = digest(seen) if deployment.status is S.SUCCEEDED else f"{digest(seen)} · {asked_by(deployment)}"
    return small(told, timing(seen), approved(seen.approvals, deployment.plan_hash), *more)


def failing(seen: Facts) -> StepRecord | None:
    """Return the step that failed or cannot be read, the newest one."""
    bad = [it for it in (*seen.steps, *seen.child_steps) if it.state in (StepState.FAILED, StepState.UNKNOWN)]
    return bad[-1] if bad else None


def what(failure: dict[str, Any], record: StepRecord | None, limit: int) -> str:
    """Return what went wrong, at which step and on which target, as a sentence."""
    said = line(str(failure.get("message") or "no reason was written down"), limit)
    step = line(doing(record.kind if record else str(failure.get("step") or "")), 80)
    target = line(str((record.target if record else "") or failure.get("target") or ""), 60)
    on = f" on *{target}*" if target and target not in said else ""
    if step:
        return f"*While {step}*{on}: {said}"
    return f"{on.strip().capitalize()}: {said}" if on else said


def last_lines(failure: dict[str, Any], record: StepRecord | None, most: int = LAST_LINES) -> str:
    """Return the end of what the failing step printed."""
    printed = str(failure.get("output") or (record.output if record else ""))
    return "\n".join(it[:300] for it in printed.rstrip().splitlines()[-most:])


def unclear(seen: Facts) -> list[StepRecord]:
    """Return the steps whose outcome a person has to tell."""
    return [it for it in (*seen.steps, *seen.child_steps) if it.state is StepState.UNKNOWN]


def asking(seen: Facts) -> list[Block]:
    """Return the question what became of each unclear step, with buttons; a command where there are too many."""
    blocks: list[Block] = []
    found = unclear(seen)
    for record in found[:MOST_ASKED]:
        deployment = seen.deployment
        blocks.append(
            section(f"Did *{noun(record.kind)}* run on *{line(record.target, 60)}*? Look there, then tell me.")
        )
        blocks.append(actions(choices.ran(deployment, record), choices.did_not_run(deployment, record)))
    rest = [resolving(seen.deployment, it) for it in found[MOST_ASKED : MOST_ASKED + 8]]
    return [*blocks, section("\n".join(rest))] if rest else blocks


def resolving(deployment: Deployment, record: StepRecord) -> str:
    """Return the commands that say what became of a step."""
    begin = f"/deploy resolve {deployment.id} {record.number}.{escape(record.target)}"
    return f"• {noun(record.kind)} on {line(record.target, 60)}: `{begin} ran` or `{begin} did-not-run`"


def way_out(seen: Facts) -> str:
    """Return the exact command that brings an environment back to one mind."""
    deployment = seen.deployment
    if deployment.kind is Kind.ROLLBACK:
        return f"`/rollback {escape(deployment.ref)} {escape(deployment.environment)}`"
    if seen.seen.get("way_back"):
        return f"`/rollback latest {escape(deployment.environment)}`"
    return f"`/deploy {escape(deployment.environment)} {escape(deployment.ref)}`"


def _succeeded(seen: Facts) -> list[Block]:
    deployment = seen.deployment
    if seen.undone_by:
        return [_ended(seen, f":leftwards_arrow_with_hook: Taken back by {title(seen.undone_by)}")]
    back = seen.seen.get("way_back")
    buttons = [choices.details(deployment)]
    if back and deployment.kind is Kind.DEPLOY and not seen.hold:
        buttons.insert(0, choices.roll_back(deployment, line(back, 40)))
    held = holding.held_back(seen.holds)
    stays = [section(f":raised_hand: It was not well, and stays as it is, because {held} held it.")] if held else []
    return [*stays, _ended(seen), *_kept(seen), actions(*buttons)]


def _kept(seen: Facts) -> list[Block]:
    """Return how a restore is undone, where it has put the database aside that was in use."""
    swaps = (it for it in seen.steps if it.kind == SwapDatabase.word and it.state is StepState.SUCCEEDED)
    kept = next((name for it in swaps if (name := kept_as(it.output))), "")
    if not kept or seen.plan.get("restores", {}).get("undoes"):
        return []
    undo = code(f"/rollback backup undo {seen.deployment.environment}")
    return [small(f"The database that was in use is kept as {code(kept, 150)}. To undo the restore: {undo}")]


def _why(seen: Facts) -> list[Block]:
    return _WHY.get(seen.deployment.status, trouble)(seen)


def _rejected(seen: Facts) -> list[Block]:
    said = next((it for it in seen.approvals if it.decision is Decision.REJECTED), None)
    if said is None:
        return [section("Rejected. Nothing was done.")]
    reason = line(said.reason or "no reason given", 600)
    return [section(f"{who(said.person, said.name)} said no: {reason}\nNothing was done.")]


def _expired(seen: Facts) -> list[Block]:
    return [section(f"It waited until {when(seen.deployment.expires_at)}. Nothing was done.")]


def _cancelled(seen: Facts) -> list[Block]:
    if seen.deployment.started_at is None:
        by = f" by {who(seen.deployment.aborted_by)}" if seen.deployment.aborted_by else ""
        return [section(f"Cancelled{by}. Nothing was done.")]
    return [*trouble(seen), section(f"It was stopped before anything was switched.{as_before(seen.deployment)}")]


def as_before(deployment: Deployment) -> str:
    """Return that what was there before serves on, as a further sentence."""
    replaced = deployment.replaces_ref or deployment.replaces_sha
    return f" {release(replaced, deployment.replaces_sha)} serves as before." if replaced else ""


def _refused(seen: Facts) -> list[Block]:
    said = line(str((seen.deployment.failure or {}).get("message", "A gate said no.")), 800)
    return [section(f"{said[:1].upper()}{said[1:]}\nNothing was switched.")]


def _superseded(seen: Facts) -> list[Block]:
    return [section("It will not go on. Ask again if it is still wanted."), *trouble(seen)]


def _incomplete(seen: Facts) -> list[Block]:
    place = escape(seen.deployment.environment)
    mixed = f"*It was left half way*, and {place} stays locked until somebody decides."
    held = holding.held_back(seen.holds)
    stays = f"*It stays as it is, because {held} held it*, and {place} stays locked until somebody decides."
    told = stays if held else mixed
    return [*trouble(seen), section(f"{told}\nNext: {way_out(seen)}"), *_kept(seen)]


def _unknown(seen: Facts) -> list[Block]:
    return [*trouble(seen), *asking(seen)]


_WHY: dict[Status, Callable[[Facts], list[Block]]] = {
    S.REJECTED: _rejected,
    S.EXPIRED: _expired,
    S.CANCELLED: _cancelled,
    S.REFUSED: _refused,
    S.SUPERSEDED: _superseded,
    S.INCOMPLETE: _incomplete,
    S.UNKNOWN: _unknown,
}


def _went_back(seen: Facts) -> list[Block]:
    child = seen.automatic_rollback
    if child is None:
        return []
    if child.status is S.SUCCEEDED:
        return [section(f":leftwards_arrow_with_hook: Every target serves {release(child.ref, child.sha)} again.")]
    lifts = code(f"/ops unfreeze {child.environment}")
    told = f":rotating_light: Going back to {release(child.ref, child.sha)} did not work"
    why = line(str((child.failure or {}).get("message", "")), 400)
    frozen = f"Nothing is deployed to {escape(child.environment)} until somebody has looked, and lifts that: {lifts}"
    return [section(f"{told}{': ' + why if why else '.'}\n{frozen}"), *going_back(seen.child_steps)]


def may_retry(deployment: Deployment) -> bool:
    """Say whether a button may ask for it again: what I took back needs a reason, which a button cannot give."""
    taken_back = deployment.status is S.ROLLED_BACK and not stopped_by(deployment)
    return deployment.kind is Kind.DEPLOY and not taken_back


def _again(seen: Facts) -> list[Block]:
    deployment = seen.deployment
    if deployment.status is S.UNKNOWN:
        return [actions(choices.details(deployment))]
    buttons = []
    back = seen.seen.get("way_back")
    if deployment.status is S.INCOMPLETE and back and deployment.kind is Kind.DEPLOY:
        buttons.append(choices.roll_back(deployment, line(back, 40)))
    if may_retry(deployment):
        buttons.append(choices.retry(deployment))
    if deployment.started_at:
        buttons.append(choices.details(deployment))
    return [actions(*buttons)] if buttons else []
