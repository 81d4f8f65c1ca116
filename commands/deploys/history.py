"""`/deploy history`: what was deployed, newest first."""

from commands import arguments
from commands.auditing import audited
from commands.command import Request, command
from commands.replies import Reply
from commands.services import Services
from commands.views.history import shown
from storage import deployments

MOST = 15


@command("[environment]")
@audited
def history(request: Request, services: Services) -> Reply:
    """Show the newest deployments of an environment (or of all of them) and how they ended."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    place = arguments.environment(words[0], services.environments).name if words else None
    with services.store.look() as session:
        found = deployments.history(session, place, MOST)
    text, blocks = shown(found, place)
    return Reply(text, blocks)
