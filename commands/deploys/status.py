"""`/deploy status`: what runs where, and what is on its way."""

from commands import arguments
from commands.auditing import audited
from commands.command import Request, command
from commands.replies import Reply
from commands.services import Services
from commands.views.status import shown
from storage import reports
from storage.reports import EnvironmentStatus, Facts


@command("[environment]")
@audited
def status(request: Request, services: Services) -> Reply:
    """Show what runs on an environment (or on all of them), what is on its way and what waits."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    places = [arguments.environment(word, services.environments) for word in words] or services.environments.values()
    seen: list[tuple[EnvironmentStatus, Facts | None]] = []
    with services.store.look() as session:
        for place in places:
            now = reports.environment_status(session, place.name)
            seen.append((now, reports.facts(session, now.running.number) if now.running else None))
    text, blocks = shown(seen, services.now())
    return Reply(text, blocks)
