"""Takes a release back after it was served well, or says why it does not."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bot import telling
from bot.change import ME, Changes
from bot.outcome import Outcome
from commands.views import blaming
from deployers.environment import Environment
from deployers.plan import Plan
from deployers.ports import Difference, Revision
from deployers.strategies import plan_for
from storage import colours, deployments, outbox
from storage.colours import Standing
from storage.models import Deployment, Kind, OutboxRow, Saying, Status, StoredPlan
from storage.store import Session


def key(head: Deployment) -> str:
    """Return the key of the one rollback that trouble with a served release begins."""
    return f"{KEY}:{head.number}"


KEY = "blame"


def begin(
    changes: Changes,
    place: Environment,
    number: int,
    outcome: Outcome,
    start: Callable[[Session, Deployment], None],
) -> None:
    """Queue the rollback of a release that served well and is sick now; the same twice is one."""
    with changes.of(number) as change:
        session, bad = change.session, change.deployment
        good = deployments.last_good(session, place.name, before=bad)
        gone = deployments.of_request(session, key(bad)) or bad.undone_by
        head = deployments.current(session, place.name)
        if good is None or gone or head is None or head.number != number:
            return
        document = deployments.stored_plan(session, number).document
        plan = _plan(place, bad, good, Plan.read(document), colours.standing(session, place.name))
        rollback = _rollback(bad, plan, outcome, change.at)
        deployments.add(session, rollback, StoredPlan(deployment_id=0, hash=plan.hash, document=plan.document()))
        rollback.advance(Status.QUEUED, at=change.at)
        session.flush()
        start(session, rollback)
        bad.bad = True
        bad.version += 1
        telling.card(session, rollback, channel=changes.channel, at=change.at)
        text = blaming.going_back(bad, rollback, outcome.message)
        _loud(session, changes, bad, "blame:back", text, change.at)
        change.note("deployment.blamed", to=plan.ref, code=outcome.code, why=outcome.message, rollback=rollback.number)


def _plan(place: Environment, bad: Deployment, good: Deployment, served: Plan, sides: Standing) -> Plan:
    return plan_for(
        place,
        kind=Kind.ROLLBACK.value,
        revision=Revision(good.ref, "", good.sha),
        replaces=bad.sha,
        release=good.release,
        difference=Difference((), 0, (), 0, served.migrations, compatible=served.compatible),
        strategy=place.strategy,
        live=sides.live,
        spread=sides.spread,
    )


def _rollback(bad: Deployment, plan: Plan, outcome: Outcome, at: datetime) -> Deployment:
    return Deployment(
        kind=Kind.ROLLBACK,
        environment=plan.environment,
        ref=plan.ref,
        sha=plan.sha,
        replaces_sha=bad.sha,
        replaces_ref=bad.ref,
        strategy=plan.strategy,
        deployer=bad.deployer,
        release=plan.release,
        requested_by=ME,
        requested_name="Shipmate",
        reason=f"{bad.ref} is not well: {outcome.message}"[:500],
        request_key=key(bad),
        undoes=bad.number,
        requested_at=at,
        changed_at=at,
    )


def ask_loudly(changes: Changes, number: int, question: str) -> None:
    """Have somebody come and say no in time, loudly and once."""
    with changes.of(number) as change:
        where: dict[str, Any] = {"channel": changes.channel, "alerts": changes.alerts}
        telling.decision(change.session, change.deployment, question, **where, at=change.at)


def tell_only(changes: Changes, head: Deployment, outcome: Outcome, *, back: bool) -> None:
    """Say that a release is sick and is not taken back by itself."""
    with changes.of(head.number) as change:
        text = blaming.not_taken_back(change.deployment, outcome.message, back=back)
        if _loud(change.session, changes, change.deployment, "blame:stays", text, change.at):
            change.note("deployment.blamed", why=outcome.message, to="")


def tell_well(changes: Changes, head: Deployment, question: int) -> None:
    """Say that a release is well again, and is not taken back although nobody said no in time."""
    with changes.of(head.number) as change:
        text = blaming.well_again(change.deployment)
        _loud(change.session, changes, change.deployment, f"blame:well:{question}", text, change.at)


def tell_late(changes: Changes, place: Environment, head: Deployment, since: datetime, why: str, *, back: bool) -> None:
    """Say that an environment is not well, long after its release was served."""
    with changes.store.look() as session:
        name = f"late:{since:%Y%m%d%H%M%S}"
        if outbox.said(session, f"{name}:{head.number}"):
            return
    with changes.of(head.number) as change:
        text = blaming.late(change.deployment, since, why, place.rollback.blame_window, back=back)
        _loud(change.session, changes, change.deployment, name, text, change.at)


def _loud(session: Session, changes: Changes, deployment: Deployment, name: str, text: str, at: datetime) -> bool:
    fresh = False
    for kind, channel, known in (
        (Saying.POST, changes.channel, name),
        (Saying.ALERT, changes.alerts, f"alert:{name}"),
    ):
        row = OutboxRow(
            kind=kind,
            key=f"{known}:{deployment.number}",
            deployment_id=deployment.number,
            channel=channel,
            payload={"text": text, "blocks": []},
            next_at=at,
            created_at=at,
        )
        fresh = outbox.say(session, row) is not None or fresh
    return fresh
