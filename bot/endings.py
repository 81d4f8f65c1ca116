"""How a deployment ends: well, badly, by going back, or with a question to a person."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bot import telling
from bot.change import ME, Changes
from bot.crew import Crew, everywhere
from bot.outcome import Outcome
from deployers import shell
from deployers.environment import Environment
from deployers.errors import Aborted, DeployError, Unhealthy
from deployers.plan import Plan, Verify
from deployers.ports import Revision
from deployers.runner import Segment
from deployers.strategies import way_back
from deployers.way_out import Situation, candidates, decide, switched, touched
from storage import deployments, locks
from storage.models import Deployment, Kind, Status, StoredPlan
from storage.store import Session


@dataclass(frozen=True, slots=True)
class Endings:
    """Closes deployments, each ending in one transaction."""

    crew: Crew

    @property
    def changes(self) -> Changes:
        """Return what opens transactions."""
        return self.crew.changes

    def _loud(self, session: Session, deployment: Deployment) -> None:
        changes = self.changes
        telling.ended_badly(session, deployment, channel=changes.channel, alerts=changes.alerts, at=changes.clock())

    def succeed(self, number: int) -> Outcome:
        """Make sure that every target serves the release, and close the deployment."""
        plan = self.crew.plan(number)
        environment = self.crew.environment(plan.environment)
        mixed = self._mixed(number, environment, plan)
        if mixed:
            return mixed
        with self.changes.of(number) as change:
            session, deployment = change.session, change.deployment
            if deployment.finished:
                return Outcome()
            deployment.served_at = self.changes.clock()
            deployment.advance(Status.SUCCEEDED, at=self.changes.clock())
            if deployment.kind is Kind.ROLLBACK and deployment.undoes:
                deployments.undo(session, deployments.get_for_change(session, deployment.undoes), by=number)
            locks.release(session, environment.name, number)
            telling.succeeded(session, deployment, at=self.changes.clock())
            change.note("deployment.succeeded")
        self.crew.unlock_hosts(number, environment)
        return Outcome()

    def _mixed(self, number: int, environment: Environment, plan: Plan) -> Outcome | None:
        """Return what is wrong if not every target serves the release."""
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

    def fail(self, number: int, outcome: Outcome) -> str:
        """Close a deployment that nobody noticed, or that let visitors in again."""
        ending = {Aborted.code: Status.CANCELLED, "refused": Status.REFUSED}.get(outcome.code, Status.FAILED)
        with self.changes.of(number) as change:
            session, deployment = change.session, change.deployment
            if deployment.finished:
                return deployment.status.value
            deployment.failure = outcome.failure
            deployment.bad = ending is Status.FAILED and deployment.kind is Kind.DEPLOY
            deployment.advance(ending, at=self.changes.clock())
            locks.release(session, deployment.environment, number)
            self._loud(session, deployment)
            change.note(f"deployment.{ending}", code=outcome.code, message=outcome.message)
            environment = self.crew.environment(deployment.environment)
        self.crew.unlock_hosts(number, environment)
        return ending.value

    def ask(self, number: int, outcome: Outcome) -> str:
        """Stop where it is, keep the lock, and call a person."""
        return self._stop(number, outcome, Status.INCOMPLETE)

    def unknown(self, number: int, outcome: Outcome) -> str:
        """Stop at a step whose outcome cannot be read, and call a person."""
        return self._stop(number, outcome, Status.UNKNOWN)

    def _stop(self, number: int, outcome: Outcome, status: Status) -> str:
        with self.changes.of(number) as change:
            session, deployment = change.session, change.deployment
            if deployment.status is status:
                return status.value
            deployment.failure = outcome.failure
            deployment.advance(status, at=self.changes.clock())
            self._loud(session, deployment)
            change.note(f"deployment.{status}", code=outcome.code, message=outcome.message)
        return status.value

    def decide(self, number: int, outcome: Outcome) -> str:
        """Bring the targets to rest, and return the safe way out as JSON."""
        plan = self.crew.plan(number)
        environment = self.crew.environment(plan.environment)
        self._halt(number, environment)
        records = self.crew.journal(number).records()
        with self.changes.store.look() as session:
            deployment = deployments.get(session, number)
            good = deployments.current(session, environment.name)
        now = Situation(
            kind=deployment.kind.value,
            touched=touched(records),
            switched=switched(records),
            migrated=self._may_migrate(plan, environment) and any(record.kind == "migrate" for record in records),
            compatible=environment.rollback.migrations == "compatible",
            automatic=environment.rollback.automatic,
            aborted=outcome.code == Aborted.code,
            back_wanted=deployment.abort_back,
            way_back=good is not None,
        )
        way = {"way": decide(now).value, "touched": now.touched, "candidates": candidates(records)}
        return json.dumps(way)

    def _may_migrate(self, plan: Plan, environment: Environment) -> bool:
        """Say whether the plan may hold migrations: where nobody said where they lie, it may."""
        return bool(plan.migrations) or not environment.recipe.migrations_path

    def _halt(self, number: int, environment: Environment) -> None:
        """Let nothing more begin: a host that lost us in the middle goes on with what it was sent."""
        remote, authority = self.crew.remote(number, environment), self.crew.authority(number)
        with suppress(DeployError):
            everywhere(environment, lambda host: remote.abort(host, authority))

    def turn_back(self, number: int, outcome: Outcome, names: Sequence[str]) -> int:
        """Begin the automatic rollback inside its parent's hold, in one transaction; return its number."""
        failed = self.crew.plan(number)
        environment = self.crew.environment(failed.environment)
        with self.changes.of(number) as change:
            session, parent = change.session, change.deployment
            if parent.status is Status.ROLLING_BACK:
                child = deployments.automatic_rollback_of(session, number)
                if child:
                    return child.number
            good = deployments.current(session, environment.name)
            if good is None:
                raise LookupError(f"{environment.name} has nothing to go back to")
            to = Revision(good.ref, "", good.sha)
            plan = way_back(failed, environment, to=to, release=good.release, touched=names)
            child = self._child(session, parent, plan)
            parent.failure, parent.bad = outcome.failure, True
            parent.advance(Status.ROLLING_BACK, at=self.changes.clock())
            locks.hand_over(session, environment.name, from_=number, to=child.number)
            change.note("deployment.rolling_back", to=good.ref, code=outcome.code)
            return child.number

    def _child(self, session: Session, parent: Deployment, plan: Plan) -> Deployment:
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
            reason=f"{parent.ref} failed",
            plan_hash=plan.hash,
            automatic=True,
            undoes=parent.number,
            requested_at=at,
            changed_at=at,
        )
        deployments.add(session, child, StoredPlan(deployment_id=0, hash=plan.hash, document=plan.document()))
        child.advance(Status.QUEUED, at=at)
        child.advance(Status.PREPARING, at=at)
        return child

    def came_back(self, number: int, child: int, outcome: Outcome) -> Outcome:
        """Close an automatic rollback and what it took back; it counts only when no target is left out."""
        plan = self.crew.plan(child)
        if outcome.ok:
            outcome = self._mixed(child, self.crew.environment(plan.environment), plan) or outcome
        with self.changes.of(number) as change:
            session, parent = change.session, change.deployment
            rollback = deployments.get_for_change(session, child)
            if parent.status is not Status.ROLLING_BACK:
                return outcome
            if outcome.ok:
                rollback.served_at = self.changes.clock()
                parent.undone_by = child
            else:
                rollback.failure = outcome.failure
            rollback.advance(Status.SUCCEEDED if outcome.ok else Status.FAILED, at=self.changes.clock())
            parent.advance(Status.ROLLED_BACK if outcome.ok else Status.INCOMPLETE, at=self.changes.clock())
            session.add(rollback)
            if outcome.ok:
                locks.release(session, parent.environment, child)
            else:
                locks.hand_over(session, parent.environment, from_=child, to=number)
            self._loud(session, parent)
            change.note(f"deployment.{parent.status}", code=outcome.code, rollback=child)
            environment = self.crew.environment(parent.environment)
        if outcome.ok:
            self.crew.unlock_hosts(child, environment)
        return outcome
