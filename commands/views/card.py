"""The one message that a deployment has in #deployments, as it should look now."""

from datetime import datetime

from commands.replies import Block
from commands.views import before, choices, outcome
from commands.views.blocks import actions, context, escape, line, message, section, small
from commands.views.holding import holding
from commands.views.jobs import jobs
from commands.views.progress import going_back, progress, timing
from commands.views.request import approved, needs, request, summary
from commands.views.words import ICONS, release, stopped_by, title, who
from storage.models import HOLDS, Deployment, HoldKind, Kind, Status
from storage.reports import Facts

S = Status
_WAITING = frozenset({S.REQUESTED, S.AWAITING_APPROVAL})
_AT_WORK = HOLDS - {S.INCOMPLETE, S.UNKNOWN}
_SAID: dict[Status, str] = {
    S.REQUESTED: "{who} wants to {do} {it}",
    S.AWAITING_APPROVAL: "{who} wants to {do} {it}",
    S.QUEUED: "{who} is about to {do} {it}",
    S.PREPARING: "{who} and I are getting ready to {do} {it}",
    S.RUNNING: "{who} and I are {doing} {it}",
    S.VERIFYING: "{who} and I are checking whether {it} is well",
    S.HOLDING: "{who} and I are watching {it}",
    S.ROLLING_BACK: "{it} did not go well; I am going back",
    S.SUCCEEDED: "{who} {done} {it}",
    S.FAILED: "{it} failed",
    S.ROLLED_BACK: "{it} did not go well, and I went back",
    S.INCOMPLETE: "{it} stopped half way, and needs somebody",
    S.UNKNOWN: "{it} stopped: I cannot tell what became of a step",
    S.REJECTED: "{it} was rejected",
    S.EXPIRED: "{it} expired before enough people agreed",
    S.CANCELLED: "{it} was cancelled",
    S.REFUSED: "{it} was refused",
    S.SUPERSEDED: "{it} gave way to another deployment",
}
_STOPPED: dict[Status, str] = {
    S.ROLLING_BACK: "{it} was stopped by {by}; I am going back",
    S.ROLLED_BACK: "{it} was stopped by {by}, and I went back",
    S.INCOMPLETE: "{it} was stopped half way by {by}, and needs somebody",
    S.CANCELLED: "{it} was stopped by {by}",
}
_ASKED: dict[HoldKind, str] = {
    HoldKind.VETO: "{it} is not well; I am about to go back",
    HoldKind.CANARY: "{it} is with some of the visitors; go on?",
    HoldKind.DATABASE: "{it} stopped at the database; how do we go on?",
}
_ASKS = frozenset({S.HOLDING, S.SUCCEEDED})
"""What may wait for an answer; what was served as long as it is blamed for what goes wrong."""
_VERBS = {
    Kind.DEPLOY: ("deploy", "deploying", "deployed"),
    Kind.ROLLBACK: ("bring back", "bringing back", "brought back"),
}


def announcement(seen: Facts, *, now: datetime | None = None, behind: Deployment | None = None) -> tuple[Block, ...]:
    """Return the whole card; without `now` it tells time only as far as the rows do.

    `behind` is what a queued deployment waits for.
    """
    deployment = seen.deployment
    head = section(text(seen))
    if deployment.status in _WAITING:
        body = _waiting(seen)
    elif deployment.status is S.QUEUED:
        body = _queued(seen, behind)
    elif deployment.status in _AT_WORK:
        body = _at_work(seen, now)
    else:
        body = [*holding(seen, now), *outcome.outcome(seen)]
    return message(head, *body)


def text(seen: Facts) -> str:
    """Return the card in one line: what notifications and plain clients show."""
    asked = seen.hold.kind if seen.hold and seen.deployment.status in _ASKS else None
    return f"{ICONS[S.HOLDING if asked else seen.deployment.status]} {headline(seen.deployment, asked)}"


def headline(deployment: Deployment, asked: HoldKind | None = None) -> str:
    """Return what is going on in one sentence; `asked` is the question that it waits on."""
    do, doing, done = _VERBS[deployment.kind]
    towards = "to" if deployment.kind is Kind.DEPLOY else "on"
    what = f"{release(deployment.ref, deployment.sha)} {towards} *{escape(deployment.environment)}*"
    by = stopped_by(deployment)
    words = _STOPPED.get(deployment.status) if by else None
    question = _ASKED[asked] if asked else ""
    said = (words or question or _SAID[deployment.status]).format(
        who=who(deployment.requested_by, deployment.requested_name), it=what, do=do, doing=doing, done=done, by=by
    )
    return f"{said} · #{deployment.id}"


def _waiting(seen: Facts) -> list[Block]:
    deployment = seen.deployment
    return [
        *request(seen),
        small(needs(seen), approved(seen.approvals, deployment.plan_hash)),
        actions(choices.approve(deployment), choices.reject(deployment), choices.cancel(deployment)),
    ]


def _queued(seen: Facts, behind: Deployment | None) -> list[Block]:
    deployment = seen.deployment
    return [
        *request(seen),
        small(_begins(deployment, behind), approved(seen.approvals, deployment.plan_hash)),
        actions(choices.cancel(deployment)),
    ]


def _begins(deployment: Deployment, behind: Deployment | None) -> str:
    if behind is None:
        return "Begins in a moment"
    replaced = deployment.replaces_ref or deployment.replaces_sha
    if not replaced:
        return f"Begins after {title(behind)}"
    runs = release(replaced, deployment.replaces_sha)
    return f"Begins after {title(behind)}, if {runs} runs there then; otherwise it has to be asked for again"


def _at_work(seen: Facts, now: datetime | None) -> list[Block]:
    deployment = seen.deployment
    blocks = [summary(seen), *progress(seen), *jobs(seen.steps)]
    if deployment.status is S.ROLLING_BACK:
        blocks += outcome.trouble(seen)
        if seen.automatic_rollback:
            to = release(seen.automatic_rollback.ref, seen.automatic_rollback.sha)
            blocks.append(section(f":rewind: *Going back to* {to}"))
            blocks += [*going_back(seen.child_steps), *jobs(seen.child_steps)]
    blocks += before.told(seen.before)
    if seen.hold:
        return [*blocks, *outcome.trouble(seen), *holding(seen, now), small(timing(seen, now))]
    blocks.append(small(timing(seen, now), approved(seen.approvals, deployment.plan_hash)))
    return [*blocks, *_stopping(seen)]


def _stopping(seen: Facts) -> list[Block]:
    deployment = seen.deployment
    if deployment.status is S.ROLLING_BACK:
        return []
    if deployment.aborted_by:
        then = " and going back" if deployment.abort_back else ""
        return [context(f":black_square_for_stop: Stopping{then}, as {who(deployment.aborted_by)} asked")]
    back = seen.seen.get("way_back")
    buttons = [choices.abort(deployment)]
    if back and deployment.kind is Kind.DEPLOY:
        buttons.append(choices.abort_back(deployment, line(back, 40)))
    return [actions(*buttons)]
