"""`/ops review`: look back on emergencies, and say in a sentence what came of it."""

from commands import arguments, permissions
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.rows import record, show
from commands.services import Services
from commands.views import reviewing
from commands.views.words import title, when, who
from storage import deployments, reviews
from storage.models import Deployment, Review
from storage.store import Session

GRAMMAR = arguments.Grammar()
SHORTEST, MOST = 10, 1_000


@command("[number “…”]", needs=("approver", "operator"))
@audited
def review(request: Request, services: Services) -> Reply:
    """List the emergencies that nobody has looked back on; with a number and a sentence, say what came of one."""
    words = arguments.parse(request.text, GRAMMAR).words
    if not words:
        return _list(services)
    number, sentence = arguments.number(words[0]), " ".join(words[1:]).strip()[:MOST]
    if len(sentence) < SHORTEST:
        raise Refused(
            "Say in a sentence what came of looking back.",
            f'For example `/ops review {number} "The fix holds; the test that was missing is written"`.',
            "arguments",
        )
    with services.store.look() as session:
        deployment = deployments.get(session, number)
    _admit(request, services, deployment)
    with services.store.begin() as session:
        deployment = deployments.get_for_change(session, number)
        reviews.done(
            session,
            _open(session, deployment),
            sentence,
            by=request.person.id,
            name=request.person.name,
            at=services.now(),
        )
        deployment.version += 1
        show(session, services, deployment)
        record(session, services, request, f"deployment:{number}", "emergency.reviewed", sentence=sentence)
    return Reply(f"Noted: {title(deployment)} has been looked back on.")


def _list(services: Services) -> Reply:
    with services.store.look() as session:
        found = [(it, deployments.get(session, it.deployment_id)) for it in reviews.open_ones(session)]
    return Reply(reviewing.listed(found))


def _admit(request: Request, services: Services, deployment: Deployment) -> None:
    """Let somebody else look back than who asked for it; admins may always."""
    roles = ("admin",) if deployment.requested_by == request.person.id else ("approver", "operator")
    own = " on an emergency of their own" if roles == ("admin",) else " on an emergency"
    permissions.require(services, request.person, *roles, to=f"look back{own}")


def _open(session: Session, deployment: Deployment) -> Review:
    found = reviews.of(session, deployment.number)
    if found is None:
        raise Refused(f"{title(deployment)} was no emergency, so nobody has to look back on it.", "", "over")
    if found.done_at:
        by = who(found.done_by or "", found.done_name)
        raise Refused(f"{by} has looked back on {title(deployment)} already, {when(found.done_at)}.", "", "over")
    return found
