"""What somebody sees on the App Home: looked up at the moment of drawing."""

from collections.abc import Iterable

from commands import helping, permissions
from commands.command import Request
from commands.replies import Reply
from commands.services import Person, Services
from commands.views.choices import named
from commands.views.home import Home, Place, Viewer
from deployers.environment import Environment
from storage import deployments, homes, inbox, reports
from storage.models import Deployment, Status
from storage.store import Session

MOST_TO_DECIDE = 10
MOST_RECENT = 8


def opened(request: Request, services: Services) -> Reply:
    """Have the App Home of the one who looks at it drawn; who that is decides what is on it, when it is drawn."""
    with services.store.begin() as session:
        homes.want(session, request.person.id, services.now())
    return Reply("")


def look(services: Services, person: Person) -> Home:
    """Return what is on somebody's App Home now.

    Raises:
        IdentityUnknown: what they may do cannot be asked.
    """
    held = permissions.held(services.people, person)
    with services.store.look() as session:
        unfinished = [it for it in deployments.unfinished(session) if not it.automatic]
        to_decide = [it for it in unfinished if _may_decide(services, person, held, it)]
        return Home(
            viewer=_viewer(session, services, person, held),
            at=services.now(),
            places=tuple(_place(session, it) for it in services.environments.values()),
            to_decide=tuple(reports.facts(session, it.number) for it in to_decide[:MOST_TO_DECIDE]),
            mine=tuple(it for it in unfinished if it.requested_by == person.id),
            recent=tuple(deployments.history(session, None, MOST_RECENT)),
        )


def _viewer(session: Session, services: Services, person: Person, held: frozenset[str]) -> Viewer:
    def may(roles: Iterable[str]) -> bool:
        return permissions.is_among(roles, held)

    return Viewer(
        person=person.id,
        name=person.name,
        roles=held,
        others=tuple(helping.others(services, held)),
        new=not inbox.has_asked(session, person.id),
        may_deploy=may(("deployer",)),
        may_roll_back=may(permissions.rollback_roles(services.people)),
    )


def _place(session: Session, environment: Environment) -> Place:
    now = reports.environment_status(session, environment.name)
    back = deployments.last_good(session, environment.name, before=now.current) if now.current else None
    return Place(
        now=now,
        health=homes.newest_look(session, environment.name),
        running=reports.facts(session, now.running.number) if now.running else None,
        back=named(back) if back else "",
    )


def _may_decide(services: Services, person: Person, held: frozenset[str], deployment: Deployment) -> bool:
    """Say whether somebody's decision about a request counts and is missing."""
    place = services.environments.get(deployment.environment)
    if deployment.status is not Status.AWAITING_APPROVAL or place is None:
        return False
    own = deployment.requested_by == person.id and not place.approvals.author_may_approve
    return not own and permissions.is_among((place.approvals.role,), held)
