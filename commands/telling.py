"""Tell more about one deployment, privately."""

from commands import buttons
from commands.auditing import audited
from commands.command import Request
from commands.replies import Reply
from commands.services import Services
from commands.views.details import details
from storage import reports


@audited
def details_button(request: Request, services: Services) -> Reply:
    """Show every step of the deployment that the button belongs to."""
    pressed = buttons.read(request.value)
    with services.store.look() as session:
        seen = reports.facts(session, pressed.deployment)
    text, blocks = details(seen)
    return Reply(text, blocks)
