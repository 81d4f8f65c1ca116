"""`/deploy diff`: show what would change, before anybody asks for it."""

from commands import arguments, planning
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.planning import Asked, Look
from commands.replies import Reply
from commands.services import Services
from commands.views.diff import Seen, shown
from storage import checks


@command("<environment> <revision>")
@audited
def diff(request: Request, services: Services) -> Reply:
    """Show what lies between what runs and a revision: commits, pull requests, migrations, checks, risks."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    place, ref = arguments.place_and_ref(words, services.environments)
    if place is None or not ref:
        example = place.name if place else next(iter(services.environments), "production")
        raise Refused(
            "Say where and what to compare it with.", f"For example `/deploy diff {example} v1.0`.", "arguments"
        )
    text, blocks = shown(_seen(services, planning.look(services, Asked(place, ref, place.strategy))))
    return Reply(text, blocks)


def _seen(services: Services, look: Look) -> Seen:
    place, sha = look.asked.environment, look.revision.sha
    with services.store.look() as session:
        known = {run.name: run.conclusion for run in checks.of(session, sha)}
    return Seen(
        environment=place.name,
        runs=look.current,
        revision=look.revision,
        difference=look.difference,
        learned=look.learned,
        risks=planning.shown(look, ())["risks"],
        required=place.required_checks,
        checks=known,
    )
