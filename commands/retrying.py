"""Ask once more for what failed."""

from commands import arguments, buttons
from commands.asking import ask
from commands.auditing import audited
from commands.command import Request
from commands.errors import Refused
from commands.planning import Asked
from commands.replies import Reply
from commands.services import Services
from commands.views.words import short, title
from storage import deployments
from storage.models import Kind, Status

_AGAIN = frozenset(
    {
        Status.FAILED,
        Status.ROLLED_BACK,
        Status.CANCELLED,
        Status.EXPIRED,
        Status.REFUSED,
        Status.REJECTED,
        Status.INCOMPLETE,
        Status.SUPERSEDED,
    }
)


@audited
def retry_button(request: Request, services: Services) -> Reply:
    """Ask for the same revision on the same environment, in the name of the one who pressed."""
    pressed = buttons.read(request.value)
    with services.store.look() as session:
        before = deployments.get(session, pressed.deployment)
    buttons.demand_same(pressed, before)
    if before.kind is not Kind.DEPLOY or before.status not in _AGAIN:
        state = before.status.value.replace("_", " ")
        raise Refused(f"{title(before)} is {state}; there is nothing to try again.", "", "over")
    place = arguments.environment(before.environment, services.environments)
    now = services.repository.resolve(before.ref)
    if now.sha != before.sha:
        raise Refused(
            f"`{before.ref}` was {short(before.sha)} then and is {short(now.sha)} now; this would be something else.",
            f"If you want that: `/deploy {place.name} {before.ref}`.",
            "moved",
        )
    strategy = arguments.strategy(before.strategy, place)
    return ask(request, services, Asked(place, before.ref, strategy, before.reason))
