"""`/deploy`: put a release on an environment."""

from commands import arguments
from commands.arguments import Grammar
from commands.asking import ask
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.planning import Asked
from commands.replies import Reply
from commands.services import Services

GRAMMAR = Grammar(options=("strategy", "reason"), flags=("skip-tests", "again"), sentence="reason", words=2)
MOST_REASON = 500


@command("<environment> <revision> [--strategy rolling] [--reason “…”] [--skip-tests] [--again]", needs=("deployer",))
@audited
def deploy(request: Request, services: Services) -> Reply:
    """Put a release on an environment: a tag, a branch or a full SHA, in any order.

    The request appears as a card in the deployments channel. Where the environment asks for approvals it waits for
    them; otherwise it begins at once. Asking again for the same release in the same way joins the open request.
    `--skip-tests` goes past the required checks: in an emergency, with a reason, and only where the environment
    allows it. `--again` is for a release that was taken back there before, with a reason as well.
    """
    return ask(request, services, asked(request.text, services))


@audited
def submitted(request: Request, services: Services) -> Reply:
    """Take the form that a bare `/deploy` opens."""
    fields = request.fields
    place = arguments.environment(fields.get("environment", ""), services.environments)
    ref = fields.get("ref", "").strip()
    if not ref:
        raise Refused("The form does not say which release.", f"Type `/deploy {place.name} v1.0`.", "arguments")
    strategy = arguments.strategy(fields.get("strategy", ""), place)
    return ask(request, services, Asked(place, ref, strategy, fields.get("reason", "").strip()[:MOST_REASON]))


def asked(text: str, services: Services) -> Asked:
    """Return what the words mean.

    Raises:
        Refused: something is missing or unknown; says what to type.
    """
    parsed = arguments.parse(text, GRAMMAR)
    place, ref = arguments.place_and_ref(parsed.words, services.environments)
    if place is None:
        example = next(iter(services.environments), "production")
        raise Refused("Say where and what.", f"For example `/deploy {example} {ref or 'v1.0'}`.", "arguments")
    if not ref:
        raise Refused(
            f"Say which release goes to {place.name}.", f"For example `/deploy {place.name} v1.0`.", "arguments"
        )
    strategy = arguments.strategy(parsed.options.get("strategy", ""), place)
    reason = parsed.options.get("reason", "")[:MOST_REASON]
    return Asked(place, ref, strategy, reason, skip_tests="skip-tests" in parsed.flags, again="again" in parsed.flags)
