"""How a deployment ends: well, badly, by going back, or with a question to a person."""

from dataclasses import dataclass
from datetime import datetime

from bot import telling, veto
from bot.change import ME, Changes
from bot.crew import Crew
from bot.known import Known
from bot.outcome import Outcome
from deployers import shell
from deployers.environment import Environment
from deployers.errors import Aborted, DeployError, Unhealthy
from deployers.plan import Plan, Verify
from deployers.runner import Segment
from storage import deployments, freezes, holds, locks
from storage.models import OVERTAKEN, Deployment, FreezeRecord, HoldKind, Kind, Status, StoredPlan
from storage.store import Session

_TAKEN_BACK = {HoldKind.VETO: veto.BACK, HoldKind.CANARY: "abort"}
"""What going back answers to a question that nobody could be asked about."""


@dataclass(frozen=True, slots=True)
class Endings:
    """Closes deployments, each ending in one transaction."""

    crew: Crew

    @property
    def changes(self) -> Changes:
        """Return what opens transactions."""
        return self.crew.changes

    def succeed(self, known: Known) -> Outcome:
        """Make sure that every target serves the release, and close the deployment."""
        environment = self.crew.environment(known.plan)
        mixed = self._mixed(known.number, environment, known.plan)
        if mixed:
            return mixed
        with self.changes.of(known.number) as change:
            session, deployment = change.session, change.deployment
            if deployment.finished:
                return Outcome()
            if deployment.aborted_by:
                known.back_wanted = deployment.abort_back
                return Outcome.of(Aborted(deployment.aborted_by), Segment(0, known.plan.steps))
            deployments.serves(session, deployment, at=self.changes.clock())
            deployment.advance(Status.SUCCEEDED, at=self.changes.clock())
            if deployment.kind is Kind.ROLLBACK and deployment.undoes:
                undone = deployments.get_for_change(session, deployment.undoes)
                deployments.undo(session, undone, by=known.number)
                telling.card(session, undone, channel=self.changes.channel, at=self.changes.clock())
            locks.release(session, environment.name, known.number)
            telling.succeeded(session, deployment, at=self.changes.clock())
            change.note("deployment.succeeded")
        self.crew.unlock_hosts(known.number, environment)
        return Outcome()

    def _mixed(self, number: int, environment: Environment, plan: Plan) -> Outcome | None:
        """Return what is wrong if not every target serves the release."""
        if environment.deployer == "github":
            return None
        remote = self.crew.remote(number, environment)
        segment = Segment(len(plan.steps), (Verify(tuple(host.name for host in environment.hosts)),))
        for host in environment.hosts:
            try:
                answer = remote.ask(host, shell.revision(environment))
            except DeployError as error:
                return Outcome.of(error, segment)
            sha = (answer.output.split() or ["nothing"])[0]
            if sha != plan.sha:
                return Outcome.of(Unhealthy(host.name, f"`current` there is {sha[:12]}, not {plan.sha[:12]}"), segment)
        return None

    def went_wrong(self, known: Known, outcome: Outcome) -> None:
        """Commit what went wrong: whoever goes on with this deployment looks for the way out, never forward."""
        with self.changes.of(known.number) as change:
            change.deployment.failure = change.deployment.failure or outcome.failure
            change.deployment.version += 1

    def fail(self, known: Known, outcome: Outcome) -> str:
        """Close a deployment that nobody noticed, or that let visitors in again."""
        ending = {Aborted.code: Status.CANCELLED, "refused": Status.REFUSED}.get(outcome.code, Status.FAILED)
        environment = self.crew.environment(known.plan)
        with self.changes.of(known.number) as change:
            session, deployment = change.session, change.deployment
            if deployment.finished:
                return deployment.status.value
            deployment.failure = outcome.failure
            deployment.bad = ending is Status.FAILED and deployment.kind is Kind.DEPLOY
            deployment.advance(ending, at=self.changes.clock())
            locks.release(session, deployment.environment, known.number)
            self._loud(session, deployment)
            change.note(f"deployment.{ending}", code=outcome.code, message=outcome.message)
        self.crew.unlock_hosts(known.number, environment)
        return ending.value

    def call(self, known: Known, key: str) -> None:
        """Have somebody come and answer, loudly and once."""
        changes = self.changes
        with changes.of(known.number) as change:
            where = {"channel": changes.channel, "alerts": changes.alerts}
            telling.decision(change.session, change.deployment, key, **where, at=changes.clock())

    def ask(self, known: Known, outcome: Outcome) -> str:
        """Stop where it is, keep the lock, and call a person."""
        return self._stop(known.number, outcome, Status.INCOMPLETE)

    def unknown(self, known: Known, outcome: Outcome) -> str:
        """Stop at a step whose outcome cannot be read, and call a person."""
        return self._stop(known.number, outcome, Status.UNKNOWN)

    def _stop(self, number: int, outcome: Outcome, status: Status) -> str:
        with self.changes.of(number) as change:
            session, deployment = change.session, change.deployment
            if deployment.status is status:
                return status.value
            deployment.failure = outcome.failure
            deployment.advance(status, at=self.changes.clock())
            if deployment.kind is Kind.ROLLBACK and deployment.requested_by == ME and status is Status.INCOMPLETE:
                self._freeze(session, deployment, outcome, self.changes.clock())
            self._loud(session, deployment)
            change.note(f"deployment.{status}", code=outcome.code, message=outcome.message)
        return status.value

    def turn_back(self, known: Known, plan: Plan, outcome: Outcome) -> int:
        """Begin the automatic rollback inside its parent's hold, in one transaction; return its number."""
        with self.changes.of(known.number) as change:
            session, parent = change.session, change.deployment
            if parent.status is Status.ROLLING_BACK:
                return deployments.automatic_rollback(session, known.number).number
            child = self._child(session, parent, plan, known.mark_back)
            parent.bad, parent.failure = True, outcome.failure
            # Went back without the database, nobody has said so to the question that is still open.
            if asked := holds.current(session, known.number):
                word = _TAKEN_BACK.get(asked.kind, OVERTAKEN)
                holds.answer(session, asked.number, word, by=ME, at=self.changes.clock())
            parent.advance(Status.ROLLING_BACK, at=self.changes.clock())
            locks.hand_over(session, plan.environment, from_=known.number, to=child.number)
            change.note("deployment.rolling_back", to=plan.ref, code=outcome.code)
            return child.number

    def _child(self, session: Session, parent: Deployment, plan: Plan, known_as: str) -> Deployment:
        at = self.changes.clock()
        child = Deployment(
            kind=Kind.ROLLBACK,
            environment=plan.environment,
            ref=plan.ref,
            sha=plan.sha,
            replaces_sha=parent.sha,
            replaces_ref=parent.ref,
            strategy=plan.strategy,
            release=plan.release,
            requested_by=ME,
            requested_name="Shipmate",
            reason=f"{parent.ref} was stopped" if parent.aborted_by else f"{parent.ref} failed",
            plan_hash=plan.hash,
            automatic=True,
            known_as=known_as,
            undoes=parent.number,
            requested_at=at,
            changed_at=at,
        )
        deployments.add(session, child, StoredPlan(deployment_id=0, hash=plan.hash, document=plan.document()))
        child.advance(Status.QUEUED, at=at)
        child.advance(Status.PREPARING, at=at)
        return child

    def came_back(self, known: Known, back: Known, outcome: Outcome) -> Outcome:
        """Close an automatic rollback and what it took back; it counts only when no target is left out."""
        environment = self.crew.environment(back.plan)
        if outcome.ok:
            outcome = self._mixed(known.number, environment, back.plan) or outcome
        with self.changes.of(known.number) as change:
            session, parent = change.session, change.deployment
            if parent.status is not Status.ROLLING_BACK:
                return outcome
            self._closed(session, parent, back.number, outcome)
            self._loud(session, parent)
            change.note(f"deployment.{parent.status}", code=outcome.code, rollback=back.number)
        if outcome.ok:
            self.crew.unlock_hosts(known.number, environment)
        return outcome

    def _closed(self, session: Session, parent: Deployment, number: int, outcome: Outcome) -> None:
        rollback = deployments.get_for_change(session, number)
        at = self.changes.clock()
        if outcome.ok:
            deployments.serves(session, rollback, at=at)
            parent.undone_by = number
            locks.release(session, parent.environment, number)
        else:
            rollback.failure = outcome.failure
            self._freeze(session, rollback, outcome, at)
            locks.hand_over(session, parent.environment, from_=number, to=parent.number)
        rollback.advance(Status.SUCCEEDED if outcome.ok else Status.FAILED, at=at)
        parent.advance(Status.ROLLED_BACK if outcome.ok else Status.INCOMPLETE, at=at)
        session.add(rollback)

    def _freeze(self, session: Session, rollback: Deployment, outcome: Outcome, at: datetime) -> None:
        """Let nothing more be deployed where I could not go back, until a person has looked."""
        reason = f"I could not take it back to {rollback.ref} (#{rollback.number}): {outcome.message}"
        freeze = FreezeRecord(environment=rollback.environment, by=ME, reason=reason[:500], since=at)
        freezes.put(session, freeze, deployment=rollback.undoes)

    def _loud(self, session: Session, deployment: Deployment) -> None:
        changes = self.changes
        telling.ended_badly(session, deployment, channel=changes.channel, alerts=changes.alerts, at=changes.clock())
