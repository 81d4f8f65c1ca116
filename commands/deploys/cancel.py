"""`/deploy cancel`: take back a request, or stop what runs."""

from commands import arguments
from commands.auditing import audited
from commands.buttons import Pressed
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.stopping import STOPPABLE, stop
from commands.views.words import title
from storage import deployments
from storage.models import WAITING, Deployment
from storage.store import Session

GRAMMAR = arguments.Grammar(flags=("back",))


@command("[number] [--back]", needs=("deployer", "approver", "operator"))
@audited
def cancel(request: Request, services: Services) -> Reply:
    """Take back a request that waits, or stop a deployment that runs; `--back` also rolls back what it has switched."""
    parsed = arguments.parse(request.text, GRAMMAR)
    if parsed.words:
        number = arguments.number(parsed.words[0])
    else:
        with services.store.look() as session:
            number = _meant(session, request.person.id).number
    return stop(request, services, Pressed(number, ""), back="back" in parsed.flags)


def _meant(session: Session, person: str) -> Deployment:
    """Return the deployment that must be meant: the person's only one that can be stopped, or the only one at all."""
    found = [it for it in deployments.unfinished(session) if it.status in WAITING | STOPPABLE and not it.automatic]
    own = [it for it in found if it.requested_by == person]
    for few in (own, found):
        if len(few) == 1:
            return few[0]
    if not found:
        raise Refused("There is nothing to cancel: nothing waits and nothing runs.", "", "arguments")
    listed = ", ".join(title(it) for it in (own or found)[:10])
    raise Refused(f"Say which one: {listed}.", f"For example `/deploy cancel {(own or found)[0].id}`.", "arguments")
