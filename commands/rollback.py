"""`/rollback`: bring back a release that served well."""

from datetime import timedelta

from commands import arguments, buttons, going_back, permissions
from commands.arguments import Grammar
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.going_back import LATEST, Choice
from commands.replies import Reply
from commands.services import Services
from commands.stopping import stop
from commands.views import rollback as view
from commands.views.blocks import code
from commands.views.choices import named
from commands.views.words import title
from deployers.environment import Environment
from deployers.rollback import caution
from storage import deployments
from storage.models import Deployment, Kind

GRAMMAR = Grammar(options=("reason",), flags=("yes",), sentence="reason", words=2)
MOST_REASON = 500
RECENTLY = timedelta(hours=24)


@command("latest|<version>|<number> [environment] [--reason “…”] [--yes]", needs=("rollback",))
@audited
def rollback(request: Request, services: Services) -> Reply:
    """Bring back a release that served well: the latest one before what runs now, or the one that you name.

    It shows what would disappear and asks once more, unless `--yes` says so already. It waits for nobody's approval.
    """
    parsed = arguments.parse(request.text, GRAMMAR)
    place, wanted = arguments.place_and_ref(parsed.words, services.environments)
    if place is None:
        place = _meant(services)
    sure = "yes" in parsed.flags or request.origin == "cli"
    return _go(request, services, place, wanted or LATEST, reason=parsed.options.get("reason", ""), sure=sure)


@audited
def submitted(request: Request, services: Services) -> Reply:
    """Take the form that a bare `/rollback` opens; it still asks once more."""
    place = arguments.environment(request.fields.get("environment", ""), services.environments)
    wanted = request.fields.get("version", "").strip() or LATEST
    return _go(request, services, place, wanted, reason=request.fields.get("reason", "").strip(), sure=False)


@audited
def confirmed(request: Request, services: Services) -> Reply:
    """Begin the rollback that was shown and confirmed; a card's own button leads to that question first."""
    permissions.require_rollback(services, request.person)
    pressed = buttons.read(request.value)
    with services.store.look() as session:
        shown = deployments.get(session, pressed.deployment)
    place = arguments.environment(shown.environment, services.environments)
    if pressed.target is None:
        return _from_card(request, services, shown, pressed, place)
    choice = going_back.choose(services, place, f"#{pressed.target}")
    if choice.undoes.number != shown.number or pressed.hash != choice.plan.hash:
        raise Refused(
            f"{place.name} is not as it was when you were asked, so I did nothing.",
            f"Look again: `/rollback latest {place.name}`.",
            "stale",
        )
    return _begun(request, services, choice, "")


def _from_card(
    request: Request, services: Services, shown: Deployment, pressed: buttons.Pressed, place: Environment
) -> Reply:
    """Ask once more, with what going back would do now; the card may be old."""
    buttons.demand_same(pressed, shown)
    choice = going_back.choose(services, place, LATEST)
    if choice.undoes.number != shown.number:
        raise Refused(
            f"{title(shown)} is not what runs there now; {code(named(choice.undoes))} is.",
            f"To take that back: `/rollback latest {place.name}`.",
            "stale",
        )
    return _question(choice)


def _go(request: Request, services: Services, place: Environment, wanted: str, *, reason: str, sure: bool) -> Reply:
    permissions.require_rollback(services, request.person)
    with services.store.look() as session:
        running = going_back.active(session, place.name)
    if running:
        return _while_running(request, services, running, wanted, sure=sure)
    choice = going_back.choose(services, place, wanted)
    return _begun(request, services, choice, reason[:MOST_REASON]) if sure else _question(choice)


def _while_running(request: Request, services: Services, running: Deployment, wanted: str, *, sure: bool) -> Reply:
    """Stop what runs and go back, if that is what was meant; a rollback that runs already is left alone."""
    if running.kind is Kind.ROLLBACK:
        raise Refused(f"{title(running)} is going back already.", "Watch its card.", "running")
    if sure and wanted.casefold() == LATEST:
        return stop(request, services, buttons.Pressed(running.number, ""), back=True)
    with services.store.look() as session:
        back = deployments.current(session, running.environment)
    text, blocks = view.while_running(running, named(back) if back else "")
    return Reply(text, blocks, ok=False, code="running")


def _question(choice: Choice) -> Reply:
    text, blocks = view.question(
        view.Asking(
            deployment=choice.undoes.number,
            plan_hash=choice.plan.hash,
            target=choice.target,
            way=choice.way,
            commits=tuple((it.sha, it.subject, it.author) for it in choice.difference.behind),
            commits_count=choice.difference.behind_count,
        )
    )
    return Reply(text, blocks, code="confirm")


def _begun(request: Request, services: Services, choice: Choice, reason: str) -> Reply:
    deployment = going_back.begin(request, services, choice, reason=reason)
    channel = f"#{services.deployments_channel.removeprefix('#')}"
    said = f"{title(deployment)} begins; watch its card in {channel}."
    return Reply(f"{said} {caution(choice.way)}".strip())


def _meant(services: Services) -> Environment:
    """Return the environment that must be meant: the only one, the only guarded one, or the only one used lately."""
    every = list(services.environments.values())
    guarded = [it for it in every if it.approvals.required or it.after]
    for few in (every, guarded):
        if len(few) == 1:
            return few[0]
    with services.store.look() as session:
        since = services.now() - RECENTLY
        recent = {it.environment for it in deployments.history(session, None, 50) if it.requested_at >= since}
    used = [it for it in every if it.name in recent]
    if len(used) == 1:
        return used[0]
    names = " or ".join(f"`/rollback latest {it.name}`" for it in every)
    raise Refused("Say which environment goes back.", f"Type {names}." if names else "None is configured.", "arguments")
