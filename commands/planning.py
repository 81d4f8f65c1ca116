"""What would happen if a release went to an environment: everything that is looked at before anybody is asked."""

from dataclasses import asdict, dataclass
from typing import Any

from commands import permissions
from commands.errors import Refused
from commands.services import Services
from commands.views.blocks import code
from commands.views.choices import named
from commands.views.circumstances import Circumstances, circumstances
from commands.views.risks import overlap, risks, special, unusual
from deployers import gates
from deployers.environment import Environment
from deployers.plan import Plan
from deployers.ports import Difference, Finding, Learned, Revision
from deployers.strategies import STRATEGIES, plan_for, release_name
from deployers.strategies.rolling import left_behind
from storage import checks, deployments
from storage.models import Deployment
from storage.store import Session

MOST_COMMITS = 30
REMEMBERED = 20
"""How many earlier deployments of an environment are looked at for what went wrong."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants, in words that are known to mean something."""

    environment: Environment
    ref: str
    strategy: str
    reason: str = ""
    skip_tests: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What was asked, resolved once, beside what runs there."""

    asked: Asked
    revision: Revision
    current: Deployment | None
    difference: Difference
    plan: Plan
    learned: Learned
    around: Circumstances
    unasked: str = ""
    """Why continuous integration could not be asked; empty where it was."""

    @property
    def replaces(self) -> str:
        """Return the SHA that runs there; empty when nothing does."""
        return self.current.sha if self.current else ""


def look(services: Services, asked: Asked) -> Look:
    """Resolve what was asked and lay it beside what runs; asks the repository and our own rows.

    Raises:
        Refused: the environment cannot be deployed to at all.
        RefRefused: the ref does not name one revision.
        RepositoryUnreachable: it cannot be read.
    """
    demand_possible(asked.environment, asked.strategy)
    revision = services.repository.resolve(asked.ref)
    unasked = services.ask_checks(revision.sha, asked.environment.required_checks)
    with services.store.look() as session:
        current = deployments.current(session, asked.environment.name)
        before = deployments.history(session, asked.environment.name, REMEMBERED)
    base = current.sha if current else ""
    migrations = asked.environment.recipe.migrations_path
    difference = services.repository.between(base, revision.sha, migrations=migrations)
    plan = plan_for(
        asked.environment,
        kind="deploy",
        revision=revision,
        replaces=base,
        release=release_name(revision.sha, services.now()),
        difference=difference,
        strategy=asked.strategy,
        skip_tests=asked.skip_tests,
        workflow_file=services.ask_workflow(asked.environment, revision),
        reason=asked.reason,
    )
    around = Circumstances(services.now(), services.timezone, revision.sha, tuple(before))
    learned = services.learn(revision, difference)
    return Look(asked, revision, current, difference, plan, learned, around, str(unasked or ""))


def demand_possible(environment: Environment, strategy: str) -> None:
    """Refuse an environment that nothing can be deployed to, and a strategy that nobody has written."""
    if not environment.hosts:
        raise Refused(
            f"{environment.name} has no targets.",
            f"Add `hosts` below `[environments.{environment.name}.ssh]` in `shipmate.toml`.",
            "targets",
        )
    if strategy in environment.strategies and strategy not in STRATEGIES:
        raise Refused(
            f"I cannot deploy with the strategy {code(strategy)} yet.",
            f"I can: {', '.join(map(code, STRATEGIES))}.",
            "strategy",
        )


def snapshot(services: Services, session: Session, seen: Look, findings: tuple[Finding, ...]) -> gates.Snapshot:
    """Return everything that the gates look at, as it is now."""
    environment = seen.asked.environment
    after = environment.after
    return gates.Snapshot(
        environment=environment.name,
        ref=named_revision(seen.revision),
        sha=seen.revision.sha,
        strategy=seen.asked.strategy,
        now=services.now(),
        zone=services.timezone,
        strategies=environment.strategies,
        freezes=environment.freezes,
        after=after,
        succeeded_there=bool(after) and deployments.succeeded(session, after, seen.revision.sha),
        required_checks=environment.required_checks,
        checks={run.name: run.conclusion for run in checks.of(session, seen.revision.sha)},
        checks_unasked=seen.unasked,
        skip_tests=seen.asked.skip_tests,
        may_skip=environment.may_skip_checks,
        revisions=environment.revisions,
        full_ref=seen.revision.full_ref,
        older=seen.difference.behind_count > 0 and not seen.difference.ahead_count,
        signed=seen.learned.signed,
        findings=findings,
        left_behind=left_behind(environment, seen.difference.migrations),
        approvals_needed=environment.approvals.required,
        who=permissions.mentions(services.people, "operator"),
    )


def shown(seen: Look, findings: tuple[Finding, ...]) -> dict[str, Any]:
    """Return what stands beside the button, as JSON: never hashed, never judged."""
    way_back = named(seen.current) if seen.current else None
    difference = seen.difference
    return {
        "commits": commits(difference.ahead),
        "commits_count": difference.ahead_count,
        "files_changed": difference.files_changed,
        "insertions": difference.insertions,
        "deletions": difference.deletions,
        "migrations": list(difference.migrations),
        "pulls": [asdict(it) for it in seen.learned.pulls],
        "risks": [
            *risks(difference, findings, way_back=way_back),
            *overlap(left_behind(seen.asked.environment, difference.migrations)),
            *unusual(seen.learned),
            *special(difference, seen.asked.environment.revisions.risky),
            *circumstances(seen.around),
            *(["the tests are skipped"] if seen.asked.skip_tests else []),
        ],
        "preflight": [{key: value for key, value in asdict(it).items() if key != "blocking"} for it in findings],
        "way_back": way_back,
    }


def commits(found: Any) -> list[dict[str, str]]:
    """Return the newest commits as JSON."""
    return [{"sha": it.sha, "subject": it.subject, "author": it.author} for it in found[:MOST_COMMITS]]


def named_revision(revision: Revision) -> str:
    """Return the revision as somebody would type it."""
    return revision.ref or revision.sha
