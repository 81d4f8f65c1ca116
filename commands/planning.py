"""What would happen if a release went to an environment: everything that is looked at before anybody is asked."""

from dataclasses import asdict, dataclass
from typing import Any

from commands import permissions
from commands.errors import Refused
from commands.services import Services
from commands.views.blocks import code
from commands.views.choices import named
from commands.views.circumstances import Circumstances, circumstances
from commands.views.freezing import frozen, taken_back
from commands.views.risks import destructive, overlap, pending, risks, special, unusual
from deployers import emergency, gates
from deployers.colours import has_colours
from deployers.destructive import undeclared, understood
from deployers.environment import Environment
from deployers.plan import Plan
from deployers.ports import Difference, Finding, Learned, Revision
from deployers.schema import UNASKED, Ran
from deployers.strategies import STRATEGIES, plan_for, release_name
from deployers.strategies.canary import compares_hosts, lasting
from deployers.strategies.rolling import left_behind
from storage import checks, colours, deployments, freezes, targets
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
    again: bool = False
    """Whether it is wanted although it was taken back here before."""


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
        sides = colours.standing(session, asked.environment.name)
        before = deployments.history(session, asked.environment.name, REMEMBERED)
    base = current.sha if current else ""
    migrations = asked.environment.recipe.migrations_path
    difference = services.repository.between(base, revision.sha, migrations=migrations)
    difference = understood(services.repository, difference, revision.sha)
    plan = plan_for(
        asked.environment,
        kind="deploy",
        revision=revision,
        replaces=base,
        release=release_name(revision.sha, services.now()),
        difference=difference,
        strategy=asked.strategy,
        live=sides.live,
        spread=sides.spread,
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
    if strategy == "blue-green" and not has_colours(environment):
        raise Refused(
            f"{environment.name} has no two sides, so nothing can be deployed to the one that does not serve.",
            f"Add `[environments.{environment.name}.balancer]` and a recipe with `colour_start`,"
            " as docs/strategies.md shows, or choose another strategy.",
            "colours",
        )


def snapshot(services: Services, session: Session, seen: Look, findings: tuple[Finding, ...]) -> gates.Snapshot:
    """Return everything that the gates look at, as it is now."""
    environment = emergency.judged(seen.asked.environment, seen.asked.strategy)
    after = environment.after
    freeze = freezes.in_force(session, environment.name, services.now())
    return gates.Snapshot(
        environment=environment.name,
        ref=named_revision(seen.revision),
        sha=seen.revision.sha,
        strategy=seen.asked.strategy,
        now=services.now(),
        zone=services.timezone,
        strategies=environment.strategies,
        freezes=environment.freezes,
        frozen=frozen(freeze),
        taken_back=taken_back(deployments.taken_back(session, environment.name, seen.revision.sha)),
        insists=seen.asked.again,
        lasts=lasting(environment, seen.asked.strategy),
        strays=_strays(session, seen),
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
        left_behind=left_behind(environment, _undeclared(seen.difference), seen.asked.strategy),
        approvals_needed=environment.approvals.required,
        who=permissions.mentions(services.people, "operator"),
    )


def shown(seen: Look, findings: tuple[Finding, ...], ran: Ran = UNASKED) -> dict[str, Any]:
    """Return what stands beside the button, as JSON: never hashed, never judged."""
    way_back = named(seen.current) if seen.current else None
    difference = seen.difference
    past = emergency.skipped(seen.asked.environment, seen.asked.strategy, tests=seen.asked.skip_tests)
    return {
        "commits": commits(difference.ahead),
        "commits_count": difference.ahead_count,
        "files_changed": difference.files_changed,
        "insertions": difference.insertions,
        "deletions": difference.deletions,
        "migrations": list(difference.migrations),
        "compatible": list(difference.compatible),
        "ran": [path for path in difference.migrations if ran.has(path)],
        "pulls": [asdict(it) for it in seen.learned.pulls],
        "risks": [
            *risks(difference, findings, way_back=way_back),
            *destructive(difference),
            *pending(difference, ran),
            *overlap(left_behind(seen.asked.environment, _undeclared(difference), seen.asked.strategy)),
            *unusual(seen.learned),
            *special(difference, seen.asked.environment.revisions.risky),
            *circumstances(seen.around),
            *(["the tests are skipped"] if seen.asked.skip_tests else []),
            *(["it was taken back here before"] if seen.asked.again else []),
            *([f"an emergency that goes past {past}"] if past else []),
        ],
        "preflight": [{key: value for key, value in asdict(it).items() if key != "blocking"} for it in findings],
        "way_back": way_back,
    }


def _strays(session: Session, seen: Look) -> tuple[str, ...]:
    """Return the hosts that a canary would be compared with, and that serve what was left half way."""
    environment = seen.asked.environment
    if seen.current is None or not compares_hosts(environment, seen.asked.strategy):
        return ()
    strays = targets.strays(session, environment.name, seen.current.sha)
    return tuple(host.name for host in environment.machines if host.name in strays)


def _undeclared(difference: Difference) -> tuple[str, ...]:
    return undeclared(difference.migrations, difference.compatible)


def commits(found: Any) -> list[dict[str, str]]:
    """Return the newest commits as JSON."""
    return [{"sha": it.sha, "subject": it.subject, "author": it.author} for it in found[:MOST_COMMITS]]


def named_revision(revision: Revision) -> str:
    """Return the revision as somebody would type it."""
    return revision.ref or revision.sha
