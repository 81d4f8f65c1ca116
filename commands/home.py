"""What somebody sees on the App Home: looked up at the moment of drawing."""

from collections.abc import Iterable

from commands import permissions
from commands.command import Request
from commands.replies import Reply
from commands.services import Person, Services
from commands.views.choices import named
from commands.views.home import Home, Place, Viewer
from deployers.environment import Environment
from storage import deployments, homes, inbox, reports
from storage.models import Deployment, Status
from storage.store import Session

MOST_WAITING = 5
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
        unfinished = deployments.unfinished(session)
        viewer = Viewer(person.id, held, new=not inbox.has_asked(session, person.id))
        return Home(
            viewer=viewer,
            places=tuple(_place(session, it) for it in services.environments.values()),
            to_decide=tuple(
                reports.facts(session, it.number) for it in _to_decide(services, viewer, unfinished)[:MOST_WAITING]
            ),
            mine=tuple(it for it in unfinished if it.requested_by == person.id and not it.automatic),
            recent=tuple(deployments.history(session, None, MOST_RECENT)),
            who_may=tuple((to, permissions.mentions(services.people, role)) for role, to in _ASKED.items()),
            may_roll_back=permissions.is_among(permissions.rollback_roles(services.people), held),
            at=services.now(),
        )


_ASKED = {"deployer": "ask for deployments", "approver": "approve them", "operator": "run operations"}


def _place(session: Session, environment: Environment) -> Place:
    now = reports.environment_status(session, environment.name)
    back = deployments.last_good(session, environment.name, before=now.current) if now.current else None
    running = reports.facts(session, now.running.number) if now.running else None
    return Place(now, running, named(back) if back else "")


def _to_decide(services: Services, viewer: Viewer, found: Iterable[Deployment]) -> list[Deployment]:
    """Return the requests about which this person may decide."""

    def may(deployment: Deployment) -> bool:
        place = services.environments.get(deployment.environment)
        if deployment.status is not Status.AWAITING_APPROVAL or place is None:
            return False
        own = deployment.requested_by == viewer.person and not place.approvals.author_may_approve
        return not own and permissions.is_among((place.approvals.role,), viewer.roles)

    return [it for it in found if may(it)]
