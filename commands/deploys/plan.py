"""`/deploy plan`: show what would happen, run nothing."""

from commands import arguments, planning
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.planning import Asked
from commands.replies import Reply
from commands.services import Services
from commands.views.plan import shown
from deployers import gates

GRAMMAR = arguments.Grammar(options=("strategy", "reason"), sentence="reason", words=2)


@command("<environment> <revision> [--strategy rolling]")
@audited
def plan(request: Request, services: Services) -> Reply:
    """Show the plan of a deployment and which gate would stop it; nothing is run or asked for."""
    parsed = arguments.parse(request.text, GRAMMAR)
    place, ref = arguments.place_and_ref(parsed.words, services.environments)
    if place is None or not ref:
        raise Refused("Say where and what.", "For example `/deploy plan production v1.0`.", "arguments")
    strategy = arguments.strategy(parsed.options.get("strategy", ""), place)
    seen = planning.look(services, Asked(place, ref, strategy))
    with services.store.look() as session:
        verdict = gates.judge(planning.snapshot(services, session, seen, ()))
    text, blocks = shown(seen.plan, planning.shown(seen, ()), verdict)
    return Reply(text, blocks)
