"""`/deploy why`: every gate of one deployment, how it is now, and who can clear it."""

from collections.abc import Iterator
from dataclasses import replace

from commands import arguments, permissions, planning
from commands.auditing import audited, sentence
from commands.command import Request, command
from commands.errors import IdentityUnknown, Refused
from commands.planning import Asked, Look
from commands.replies import Reply
from commands.services import Person, Services
from commands.views.blocks import code, escape
from commands.views.circumstances import Circumstances
from commands.views.why import Line, line_of, shown
from commands.views.words import count, release, short, state, title, when, who
from deployers import gates
from deployers.environment import Environment
from deployers.errors import DeployError
from deployers.gates_revision import REVISION
from deployers.plan import Plan
from deployers.ports import Difference, Learned, Revision
from storage import approvals, deployments
from storage.models import WAITING, Approval, Decision, Deployment, Kind, Status

_ABOUT_THE_REVISION = frozenset(gate.name for gate in REVISION)
EXAMPLE = "For example `/deploy why 12` or `/deploy why production v1.0`."


@command("[number] | <environment> <revision>")
@audited
def why(request: Request, services: Services) -> Reply:
    """Show every gate of a deployment, or of one that could be asked for: how it is now, and who can clear it."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    if len(words) == 2:
        place, ref = arguments.place_and_ref(words, services.environments)
        if place is None:
            raise Refused("Say where and what.", EXAMPLE, "arguments")
        return Reply(*_before(services, place, ref))
    if len(words) > 2:
        raise Refused("That is more than I can look at.", EXAMPLE, "arguments")
    deployment = _meant(services, request.person, words)
    place = services.environments.get(deployment.environment)
    if deployment.status not in WAITING or place is None:
        return Reply(*_told(deployment))
    return Reply(*shown(f"{title(deployment)} {_waits(deployment)}.", [*_lines(services, place, deployment)]))


def _meant(services: Services, person: Person, words: tuple[str, ...]) -> Deployment:
    with services.store.look() as session:
        if words:
            return deployments.get(session, arguments.number(words[0]))
        unfinished = deployments.unfinished(session)[::-1]
        newest = [it for it in unfinished if it.requested_by == person.id] or unfinished
        newest = newest or deployments.history(session, None, 1)
    if not newest:
        raise Refused("Nothing was ever asked for.", EXAMPLE, "arguments")
    return newest[0]


def _told(deployment: Deployment) -> tuple[str, tuple[dict[str, object], ...]]:
    """Say of what does not wait why it is as it is."""
    reason = (deployment.failure or {}).get("message", "")
    told = f" {escape(sentence(str(reason)))}" if reason else ""
    again = f"To see what would stop it now: {code(f'/deploy why {deployment.environment} {deployment.ref}')}"
    running = f"What it does now: {code(f'/deploy status {deployment.environment}')}"
    return shown(f"{title(deployment)} is {state(deployment)}.{told}", [], again if deployment.finished else running)


def _waits(deployment: Deployment) -> str:
    return "waits for its turn" if deployment.status is Status.QUEUED else "waits for approval"


def _before(services: Services, place: Environment, ref: str) -> tuple[str, tuple[dict[str, object], ...]]:
    """Show what would stop something that nobody has asked for yet."""
    seen = planning.look(services, Asked(place, ref, place.strategy))
    lines = [*_gates(services, seen), _approvals_ahead(services, place)]
    head = f"{release(planning.named_revision(seen.revision), seen.revision.sha)} → *{escape(place.name)}*"
    note = f"Nothing was asked for. To do it: {code(f'/deploy {place.name} {planning.named_revision(seen.revision)}')}"
    return shown(f"{head}:", lines, note)


def _lines(services: Services, place: Environment, deployment: Deployment) -> Iterator[Line]:
    """Yield every gate of a request that waits."""
    with services.store.look() as session:
        current = deployments.current(session, place.name)
        plan = Plan.read(deployments.stored_plan(session, deployment.number).document)
        given = approvals.given(session, deployment.number)
        before = deployments.ahead_of(session, deployment)
    yield _turn(before)
    if deployment.kind is Kind.ROLLBACK:
        return
    found = _named(services, deployment)
    yield _content(deployment, plan, current, found)
    yield _agreed(services, place, deployment, given)
    seen = _look(services, Asked(place, deployment.ref, deployment.strategy), plan, current, found)
    lines = _gates(services, seen or _bound(services, place, plan, current))
    yield from lines if seen else map(_judged_before, lines)


def _named(services: Services, deployment: Deployment) -> Revision | DeployError:
    """Return what the ref names now, or why that cannot be told."""
    try:
        return services.repository.resolve(deployment.ref)
    except DeployError as error:
        return error


def _look(
    services: Services, asked: Asked, plan: Plan, current: Deployment | None, found: Revision | DeployError
) -> Look | None:
    """Return what was asked as it was asked, beside what runs now; None where the repository does not tell."""
    if isinstance(found, DeployError):
        return None
    bound = _bound(services, asked.environment, plan, current)
    try:
        difference = services.repository.between(
            plan.replaces, plan.sha, migrations=asked.environment.recipe.migrations_path
        )
    except DeployError:
        return None
    revision = Revision(plan.ref, found.full_ref, plan.sha)
    return replace(bound, revision=revision, difference=difference, learned=services.learn(revision, difference))


def _bound(services: Services, place: Environment, plan: Plan, current: Deployment | None) -> Look:
    """Return as much of it as the plan itself says."""
    unasked = services.ask_checks(plan.sha, place.required_checks)
    # Whether it was taken back before was judged when it was asked for.
    asked = Asked(place, plan.ref, plan.strategy, skip_tests=plan.skip_tests, again=True)
    around = Circumstances(services.now(), services.timezone, plan.sha)
    revision, difference = Revision(plan.ref, "", plan.sha), Difference((), 0, (), 0, plan.migrations)
    return Look(asked, revision, current, difference, plan, Learned(), around, str(unasked or ""))


def _judged_before(gate: Line) -> Line:
    """Return how a gate was, where it is about the revision and the repository does not tell."""
    if gate.name not in _ABOUT_THE_REVISION:
        return gate
    return Line(gate.name, "It was open when this was asked for; it cannot be looked at again now.")


def _gates(services: Services, seen: Look) -> list[Line]:
    findings = services.preflight.inspect(seen.asked.environment)
    with services.store.look() as session:
        asked = planning.snapshot(services, session, seen, findings)
    return [line_of(gate) for gate in gates.every(asked)]


def _turn(before: Deployment | None) -> Line:
    """Say whether the environment is free; what stands broken there gives way to what comes next."""
    if before is None or before.status is Status.INCOMPLETE:
        return Line("Turn", "Nothing is before it.")
    by = who(before.requested_by, before.requested_name)
    told = f"{title(before)} is {state(before)} and comes first; {by} asked for it."
    if before.status is Status.UNKNOWN:
        status = code(f"/deploy status {before.environment}")
        return Line("Turn", told, shut=True, clears=f"A step of it has to be resolved: {status} says how.")
    stops = code(f"/deploy cancel {before.id}")
    return Line("Turn", told, shut=True, clears=f"It goes on by itself; to stop it: {stops}.")


def _content(deployment: Deployment, plan: Plan, current: Deployment | None, found: Revision | DeployError) -> Line:
    """Say whether what was asked for is still what would run."""
    again = f"Ask for it again: {code(f'/deploy {deployment.environment} {deployment.ref}')}."
    named = release(deployment.ref, deployment.sha)
    if (runs := current.sha if current else "") != plan.replaces:
        was, now = short(plan.replaces) or "nothing", short(runs) or "nothing"
        told = f"It was asked for when {was} ran there; now {now} runs there."
        return Line("Content", told, shut=True, clears=again)
    if isinstance(found, DeployError):
        told = f"It cannot be told what {named} names now. {escape(sentence(str(found)))}"
        return Line("Content", told, shut=True)
    if found.sha != deployment.sha:
        told = f"{named} moved from {short(deployment.sha)} to {short(found.sha)}."
        return Line("Content", told, shut=True, clears=again)
    return Line("Content", f"{named} still names {short(found.sha)}.")


def _agreed(services: Services, place: Environment, deployment: Deployment, given: list[Approval]) -> Line:
    """Say who agreed, whose agreement still counts, and who can give what is missing."""
    policy = place.approvals
    if not policy.required or deployment.break_glass:
        return Line("Approvals", "Nobody has to agree.", there=False)
    agreed = [it for it in given if it.decision is Decision.APPROVED and it.plan_hash == deployment.plan_hash]
    try:
        standing = [it for it in agreed if services.people.holds(Person(it.person, it.name), policy.role)]
    except IdentityUnknown as error:
        return Line("Approvals", f"It cannot be told whether they still stand: {escape(error.why)}.", shut=True)
    names = f" by {', '.join(who(it.person, it.name) for it in standing)}" if standing else ""
    told = f"{len(standing)} of {count(policy.required, 'approval')}{names}."
    if (missing := policy.required - len(standing)) <= 0:
        return Line("Approvals", told)
    until = f" until {when(deployment.expires_at)}" if deployment.expires_at else ""
    return Line("Approvals", f"{told} It needs {missing} more{until}.", shut=True, clears=_approvers(services, place))


def _approvals_ahead(services: Services, place: Environment) -> Line:
    if not place.approvals.required:
        return Line("Approvals", "Nobody has to agree.", there=False)
    told = f"It would need {count(place.approvals.required, 'approval')}."
    return Line("Approvals", told, clears=_approvers(services, place))


def _approvers(services: Services, place: Environment) -> str:
    role = place.approvals.role
    people = permissions.mentions(services.people, role) or f"Somebody with the role {code(role)}"
    return f"{people} can give it."
