"""`/deploy resolve`: say what became of a step whose outcome cannot be read."""

from collections.abc import Sequence

from commands import arguments, buttons, permissions, rows
from commands.auditing import audited
from commands.command import Handler, Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views.blocks import code
from commands.views.outcome import resolving
from commands.views.words import noun, title
from storage import deployments, steps
from storage.models import Deployment, StepRecord, StepState

RAN, DID_NOT_RUN = "ran", "did-not-run"
# The engine takes a skipped step that a person resolved up again, with a new attempt.
STATES = {RAN: StepState.SUCCEEDED, DID_NOT_RUN: StepState.SKIPPED}
EXAMPLE = "Type `/deploy resolve 12 3.web1 ran` or `… did-not-run`; `/deploy status` shows the steps."


@command("<number> <step> ran|did-not-run", needs=("operator",))
@audited
def resolve(request: Request, services: Services) -> Reply:
    """Say what became of a step whose outcome cannot be read: it ran, or it did not run and is run again."""
    words = arguments.parse(request.text, arguments.Grammar()).words
    if len(words) != 3:
        raise Refused("Say which deployment, which step and what became of it.", EXAMPLE, "arguments")
    became = words[2].casefold().replace("_", "-")
    if became not in STATES:
        raise Refused(f"{code(words[2])} is not something that becomes of a step.", EXAMPLE, "arguments")
    return _resolve(request, services, arguments.number(words[0]), words[1], became)


def _resolve(request: Request, services: Services, number: int, word: str, became: str) -> Reply:
    permissions.require(services, request.person, "operator", to="resolve a step")
    with services.store.begin() as session:
        deployment = deployments.get_for_change(session, number)
        record = _meant(deployment, steps.of(session, number), word)
        steps.resolve(session, record.operation, STATES[became], by=request.person.id, at=services.now())
        deployment.version += 1
        rows.show(session, services, deployment)
        services.engine.nudge(session, deployment)
        rows.note(session, services, request, deployment, "step.resolved", operation=record.operation, became=became)
    then = "goes on behind it" if became == RAN else "runs it again"
    return Reply(
        f"Noted: {noun(record.kind)} on {record.target} {became.replace('-', ' ')}. {title(deployment)} {then}."
    )


def button(became: str) -> Handler:
    """Return what the button does that says this of a step."""

    @audited
    def pressed(request: Request, services: Services) -> Reply:
        number, plan, step = (*request.value.split(":", 2), "", "")[:3]
        with services.store.look() as session:
            deployment = deployments.get(session, arguments.number(number))
        buttons.demand_same(buttons.Pressed(deployment.number, plan), deployment)
        return _resolve(request, services, deployment.number, step, became)

    return pressed


def _meant(deployment: Deployment, records: Sequence[StepRecord], word: str) -> StepRecord:
    """Return the unclear step that is named: by number and target, by number, by target, by word, or by operation."""
    unclear = [it for it in records if it.state is StepState.UNKNOWN]
    if not unclear:
        raise Refused(f"{title(deployment)} has no step whose outcome is unknown.", "I did nothing.", "over")
    found = [it for it in unclear if word in (f"{it.number}.{it.target}", it.operation)]
    found = found or [it for it in unclear if word in (str(it.number), it.target, it.kind)]
    if len(found) == 1:
        return found[0]
    listed = "\n".join(resolving(deployment, it) for it in unclear[:10])
    raise Refused(f"{code(word)} does not name one unclear step. There is:\n{listed}", "", "arguments")
