"""The last instant before the first effect: takes the environment, if what was approved is still what would run."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TypeVar

from bot import emergencies, occupancy
from bot.change import Change, Changes
from commands.errors import CommandError, IdentityUnknown
from commands.services import People, Person
from commands.views import freezing
from deployers import emergency, gates
from deployers.colours import has_colours
from deployers.destructive import understood
from deployers.environment import Environment
from deployers.errors import Aborted, DeployError, RepositoryUnreachable
from deployers.github_errors import GitHubAway, GitHubLimited
from deployers.plan import MigrateBack, Plan
from deployers.plan_difference import changed
from deployers.ports import (
    AskChecks,
    AskWorkflow,
    Difference,
    Repository,
    Revision,
    ask_no_workflow,
    ask_nobody,
)
from deployers.strategies import plan_for
from deployers.strategies.canary import compares_hosts, lasting
from deployers.strategies.restoring import Restoration
from storage import approvals, checks, colours, deployments, freezes, locks, targets
from storage import steps as step_rows
from storage.models import Decision, Deployment, Kind, Status, StepState
from storage.store import Session

log = logging.getLogger(__name__)

Judged = TypeVar("Judged")
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0, 15.0, 15.0)
"""Seconds between two tries to judge what cannot be judged at the moment."""
GO = "go"
BUSY = "busy"
"""Another deployment runs in this environment; ask again in a moment."""


class Shut(DeployError):
    """A gate that was open is shut now."""

    code = "refused"


class NotTold(Shut):
    """A gate is shut because nobody could be asked at the moment."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens deployments for their conductor."""

    changes: Changes
    environments: Mapping[str, Environment]
    repository: Repository
    people: People
    zone: str
    ask_checks: AskChecks = ask_nobody
    ask_workflow: AskWorkflow = ask_no_workflow
    pause: Callable[[float], object] = field(default_factory=lambda: Event().wait)

    def open(self, number: int) -> str:
        """Take the environment for a queued deployment: `go`, `busy`, or the status in which it ended instead.

        Called again after a crash it says `go` once more: everything behind it reads what was done.
        """
        with self.changes.store.look() as session:
            deployment = deployments.get(session, number)
            busy = occupancy.busy(self.changes, session, deployment)
        if deployment.finished or deployment.status is Status.INCOMPLETE:
            return deployment.status.value
        if deployment.status is Status.UNKNOWN:
            return self._resume(number)
        if deployment.holds:
            return GO
        if busy and not deployment.aborted_by:
            return BUSY
        return self._take(number, "" if deployment.aborted_by else self._voided(deployment))

    def _take(self, number: int, why: str) -> str:
        with self.changes.of(number) as change:
            deployment = change.deployment
            if deployment.aborted_by:
                return _ended(change, Status.CANCELLED, "deployment.cancelled", actor=deployment.aborted_by)
            locks.one_at_a_time(change.session, deployment.environment)
            if not why and occupancy.busy(self.changes, change.session, deployment):
                return BUSY
            # Judging may have taken a minute, in which somebody else may have come to an end here.
            why = why or self._replaced(change.session, deployment)
            why = why or occupancy.occupied(self.changes, change.session, deployment)
            if why:
                deployment.failure = {"code": "refused", "message": why, "step": "", "target": "", "output": ""}
                return _ended(change, Status.REFUSED, "deployment.refused", why=why)
            deployment.advance(Status.PREPARING, at=self.changes.clock())
            change.note("deployment.started", plan=deployment.plan_hash)
            emergencies.reviewed_afterwards(change, self.environments)
        return GO

    def judge_again(self, number: int, *, left: timedelta | None = None) -> None:
        """Judge the gates before the first switch and whenever a canary rises with so much of it left.

        Raises:
            Shut, Aborted: it may not go on.
        """
        with self.changes.store.look() as session:
            deployment = deployments.get(session, number)
            begun = any(
                record.kind in ("activate", "migrate", "run") and record.state is StepState.SUCCEEDED
                for record in step_rows.of(session, number)
            )
        if deployment.aborted_by:
            raise Aborted(deployment.aborted_by)
        if (begun and left is None) or deployment.kind is Kind.ROLLBACK:
            return
        try:
            why = self._patiently(lambda: self._shut(deployment, left))
        except CommandError as error:
            why = f"I could not check once more whether it may go on ({error})"
        if why:
            raise Shut(why)

    def _resume(self, number: int) -> str:
        """Go on after a person has said what became of the step that could not be read."""
        with self.changes.of(number) as change:
            newest = {(one.number, one.target): one.state for one in step_rows.of(change.session, number)}
            if StepState.UNKNOWN in newest.values():
                return Status.UNKNOWN.value
            change.deployment.failure = None
            change.deployment.advance(Status.RUNNING, at=self.changes.clock())
            change.note("deployment.resumed")
        return GO

    def _voided(self, deployment: Deployment) -> str:
        """Return why what was approved can not be what would run, or nothing; what cannot be checked is refused."""
        with self.changes.store.look() as session:
            plan = Plan.read(deployments.stored_plan(session, deployment.number).document)
            replaced = self._replaced(session, deployment)
        environment = self.environments.get(deployment.environment)
        if environment is None:
            return f"{deployment.environment} is no longer configured."
        if replaced:
            return replaced
        try:
            shut, fresh = self._patiently(lambda: self._judged(environment, plan, deployment))
        except (DeployError, CommandError) as error:
            unjudged = f"I could not check it once more before the first step ({error}), so nothing was started."
            return str(error) if isinstance(error, NotTold) else unjudged
        if isinstance(fresh, str):
            return fresh
        if fresh.hash != deployment.plan_hash:
            return f"the plan is no longer what was approved: {changed(plan, fresh)}. Ask for it again."
        return shut

    def _replaced(self, session: Session, deployment: Deployment) -> str:
        """Return that something else runs there now than when it was asked for, or nothing."""
        plan = Plan.read(deployments.stored_plan(session, deployment.number).document)
        runs = deployments.current(session, deployment.environment)
        replaced = runs.sha if runs else ""
        if replaced == plan.replaces:
            return ""
        was, now = plan.replaces[:7] or "nothing", replaced[:7] or "nothing"
        return f"it was asked for when {was} ran on {deployment.environment}; now {now} runs there. Ask for it again."

    def _judged(self, environment: Environment, plan: Plan, deployment: Deployment) -> tuple[str, Plan | str]:
        """Return which gate is shut, and the plan as it would be now; both of the same moment."""
        shut = emergencies.unentitled(self.people, environment, deployment)
        shut = shut or ("" if deployment.kind is Kind.ROLLBACK else self._shut(deployment))
        return shut, self._fresh(environment, plan, deployment)

    def _patiently(self, judge: Callable[[], Judged]) -> Judged:
        """Judge, and again for a minute while Slack, GitHub or the repository cannot be asked."""
        for seconds in WAITS:
            try:
                return judge()
            except (IdentityUnknown, RepositoryUnreachable, NotTold) as error:
                if isinstance(error, RepositoryUnreachable) and error.final:
                    raise
                log.warning("I cannot judge yet; I try again", extra={"why": str(error), "seconds": seconds})
                self.pause(seconds)
        return judge()

    def _fresh(self, environment: Environment, plan: Plan, deployment: Deployment) -> Plan | str:
        sides = colours.Standing()
        if has_colours(environment):
            with self.changes.store.look() as session:
                sides = colours.standing(session, environment.name)
        revision = Revision(plan.ref, "", plan.sha)
        difference = Difference((), 0, (), 0, plan.migrations, compatible=plan.compatible)
        if deployment.kind is Kind.DEPLOY:
            revision = self.repository.resolve(plan.ref)
            if revision.sha != plan.sha:
                moved = f"`{plan.ref}` moved from {plan.sha[:7]} to {revision.sha[:7]} since it was approved"
                return f"{moved}. Ask for it again."
            difference = self.repository.between(plan.replaces, plan.sha, migrations=environment.recipe.migrations_path)
            difference = understood(self.repository, difference, plan.sha)
        return plan_for(
            environment,
            kind=plan.kind,
            revision=revision,
            replaces=plan.replaces,
            release=plan.release,
            difference=difference,
            strategy=plan.strategy,
            live=sides.live,
            spread=sides.spread,
            skip_tests=plan.skip_tests,
            workflow_file=self.ask_workflow(environment, revision) if plan.workflow_file else "",
            restores=Restoration.read(plan.restores) if plan.restores else None,
            undoing=next((step for step in plan.steps if isinstance(step, MigrateBack)), None),
        )

    def _shut(self, deployment: Deployment, left: timedelta | None = None) -> str:
        """Return which gate is shut now, or nothing; raises NotTold while another answer may come in a moment."""
        environment = self.environments.get(deployment.environment)
        if environment is None:
            return f"{deployment.environment} is no longer configured."
        asked = deployment.kind is Kind.DEPLOY
        unasked = self.ask_checks(deployment.sha, environment.required_checks) if asked else None
        with self.changes.store.look() as session:
            given = approvals.given(session, deployment.number)
            seen = {run.name: run.conclusion for run in checks.of(session, deployment.sha)}
            there = bool(environment.after) and deployments.succeeded(session, environment.after, deployment.sha)
            skips = Plan.read(deployments.stored_plan(session, deployment.number).document).skip_tests
            strays = self._strays(session, environment, deployment)
            frozen = freezing.frozen(freezes.in_force(session, environment.name, self.changes.clock()))
        environment = emergency.judged(environment, deployment.strategy)
        role = environment.approvals.role
        standing = [
            one
            for one in given
            if one.decision is Decision.APPROVED and self.people.holds(Person(one.person, one.name), role)
        ]
        verdict = gates.still(
            gates.Snapshot(
                environment=environment.name,
                ref=deployment.ref,
                sha=deployment.sha,
                strategy=deployment.strategy,
                now=self.changes.clock(),
                kind=deployment.kind.value,
                zone=self.zone,
                strategies=environment.strategies,
                freezes=environment.freezes,
                frozen=frozen,
                lasts=lasting(environment, deployment.strategy) if left is None else left,
                strays=strays,
                after=environment.after,
                succeeded_there=there,
                required_checks=environment.required_checks,
                checks=seen,
                checks_unasked=str(unasked or ""),
                skip_tests=skips,
                may_skip=environment.may_skip_checks,
                approvals_needed=0 if deployment.break_glass else environment.approvals.required,
                approvals_standing=len(standing),
            )
        )
        if not isinstance(verdict, gates.Refused):
            return ""
        if verdict.code == "checks_unknown" and isinstance(unasked, GitHubAway | GitHubLimited):
            raise NotTold(verdict.why)
        return verdict.why

    def _strays(self, session: Session, environment: Environment, deployment: Deployment) -> tuple[str, ...]:
        """Return the hosts that it would be compared with, and that serve what somebody else left half way."""
        served = deployments.current(session, environment.name)
        if served is None or not compares_hosts(environment, deployment.strategy):
            return ()
        strays = targets.strays(session, environment.name, served.sha, besides=deployment.number)
        return tuple(host.name for host in environment.machines if host.name in strays)


def _ended(change: Change, status: Status, action: str, **detail: str) -> str:
    change.deployment.advance(status, at=change.at)
    change.note(action, **detail)
    return status.value
