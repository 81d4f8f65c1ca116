"""Choose the way back over a restore: the database that it put aside serves again, with the release of then."""

from commands.errors import Refused
from commands.from_backup import plan_of
from commands.going_back import Choice, Target, between, demand_reached, standing, way_of
from commands.services import Services
from commands.views.blocks import code
from commands.views.words import title
from commands.wanted_back import DATABASE, Wanted
from deployers.environment import Environment
from deployers.plan import Plan, SwapDatabase
from deployers.rollback import Extent
from deployers.strategies.restoring import Restoration
from storage import colours, deployments, steps
from storage.models import Deployment, StepRecord, StepState
from storage.store import Session


def choose(services: Services, wanted: Wanted) -> Choice:
    """Return the way back over the restore that is what stands there now; needs neither Slack nor GitHub.

    Raises:
        Refused: it is none, or nothing of it can be undone.
    """
    environment = wanted.place
    demand_reached(environment)
    with services.store.look() as session:
        head, restore = standing(session, environment.name)
        sides = colours.standing(session, environment.name)
        plan = Plan.read(deployments.stored_plan(session, restore.number).document)
        swapped = _swapped(session, environment, restore, plan)
        target = _before(session, environment.name, restore)
    difference, known = between(services, environment, restore, target)
    restores = Restoration(
        backup=plan.backup,
        host=swapped.target,
        sha256="",
        database=True,
        checks_health=wanted.checks_health,
        undoes=plan.backup,
    )
    undoing = plan_of(environment, restores, target, difference, replaces=head.sha, sides=sides)
    since = swapped.finished_at or swapped.started_at
    way = way_of(environment, restore, target, difference, Extent.DATABASE, known=known, since=since)
    told = (
        f"The database that was in use before #{restore.number} takes its place again.",
        "The restored one is kept beside it.",
        *(() if wanted.checks_health else ("Nobody looks afterwards whether it is healthy.",)),
    )
    return Choice(environment, head, restore, target, undoing, difference, way, told)


def _swapped(session: Session, environment: Environment, restore: Deployment, plan: Plan) -> StepRecord:
    """Return the step that put the database aside which was in use."""
    place = environment.name
    if not plan.restores:
        raise Refused(
            f"{title(restore)} is what stands on {place}, and it is no restore, so there is none to undo.",
            f"See `/deploy history {place}`, or the backups: `/rollback backup {place}`.",
            "no_restore",
        )
    restores = Restoration.read(plan.restores)
    if restores.undoes:
        raise Refused(
            f"{title(restore)} has undone a restore already.",
            f"To restore again: `/rollback backup latest {place} --{DATABASE}`.",
            "no_restore",
        )
    done = (it for it in steps.of(session, restore.number) if it.kind == SwapDatabase.word)
    swapped = next((it for it in done if it.state is StepState.SUCCEEDED), None)
    kept = environment.backup is not None and environment.backup.swaps
    if swapped is None or not kept or swapped.target not in [host.name for host in environment.machines]:
        raise Refused(
            f"{title(restore)} has put no database aside that could take its place again.",
            f"It was backed up before, if it was touched at all: `/rollback backup {place}` lists"
            f" {code(plan.backup)} then.",
            "no_restore",
        )
    return swapped


def _before(session: Session, place: str, restore: Deployment) -> Target:
    """Return what served until the restore: its release fits the database that was put aside."""
    for it in deployments.served(session, place):
        if it.number < restore.number:
            return Target.of(it)
    raise Refused(f"Nothing served {place} before {title(restore)}.", f"See `/deploy history {place}`.", "no_restore")
