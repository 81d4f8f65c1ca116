"""Answer the question on which a deployment waits: by a button of its card, or by `/deploy answer`."""

from commands import arguments, buttons, permissions, rows
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.services import Services
from commands.views import holding
from commands.views.blocks import code, escape
from commands.views.words import title, when, who
from storage import deployments, holds
from storage.models import ANSWERS, Deployment, Hold
from storage.store import Session

SAFE = frozenset({"back", "abort"})
"""What makes production safe: it waits for no look-up, and whoever may stop a deployment may say it."""
LOSES_DATA = frozenset({"step_back", "restore"})
WORDS = tuple(dict.fromkeys(word for words in ANSWERS.values() for word in words))
EXAMPLE = "The card says what may be answered; for example `/deploy answer 12 hold`."


@command("<number> <answer> [--confirm <environment>]", needs=("approver", "operator"))
@audited
def answer(request: Request, services: Services) -> Reply:
    """Answer the question that a deployment waits on, in the words of its buttons: back, hold, promote."""
    parsed = arguments.parse(request.text, arguments.Grammar(options=("confirm",)))
    words = parsed.words
    if len(words) != 2:
        raise Refused("Say which deployment, and what you answer.", EXAMPLE, "arguments")
    number, word = arguments.number(words[0]), words[1].casefold().replace("-", "_")
    with services.store.look() as session:
        deployment = deployments.get(session, number)
        hold = _open(session, deployment)
    _demand_typed(deployment, word, parsed.options.get("confirm", ""))
    return _answer(request, services, hold, word)


@audited
def pressed(request: Request, services: Services) -> Reply:
    """Answer the question that the button was shown beside."""
    number, plan, which, word = (*request.value.split(":", 4), "", "", "", "")[:4]
    with services.store.look() as session:
        deployment = deployments.get(session, arguments.number(number))
        buttons.demand_same(buttons.Pressed(deployment.number, plan), deployment)
        hold = holds.numbered(session, arguments.number(which, "question"))
        if hold.deployment_id != deployment.number:
            raise Refused("This button belongs to another deployment, so I did nothing.", "", "tampered")
    _demand_typed(deployment, word, request.fields.get("confirm", ""))
    return _answer(request, services, hold, word)


def _answer(request: Request, services: Services, hold: Hold, word: str) -> Reply:
    known = ANSWERS[hold.kind]
    if word not in known:
        listed = ", ".join(map(code, known))
        raise Refused(f"{code(word)} is no answer to this question.", f"There is {listed}.", "arguments")
    if why := hold.facts.get("cannot", {}).get(word):
        raise Refused(f"That cannot be done here: {why}.", "The card says what can.", "impossible")
    with services.store.look() as session:
        deployment = deployments.get(session, hold.deployment_id)
    remark = _admit(request, services, deployment, word)
    with services.store.begin() as session:
        deployment = deployments.get_for_change(session, hold.deployment_id)
        now, person = services.now(), request.person
        asked = holds.numbered(session, hold.number)
        _demand_in_time(services, asked, word)
        if not holds.answer(session, asked.number, word, by=person.id, name=person.name, at=now):
            raise _late(deployment, holds.numbered(session, asked.number))
        deployment.version += 1
        rows.show(session, services, deployment)
        services.engine.nudge(session, deployment)
        rows.note(
            session, services, request, deployment, "hold.answered", hold=hold.id, kind=hold.kind.value, answer=word,
            remark=remark,
        )  # fmt: skip
        return Reply(f"{title(deployment)}: {holding.said(word)}. Watch its card.")


def _admit(request: Request, services: Services, deployment: Deployment, word: str) -> str:
    """Let the person through who may answer this; return a remark where that could not be asked."""
    if word in SAFE:
        return permissions.may_stop(services, request.person, deployment)
    permissions.require(services, request.person, "approver", "operator", to="decide how it goes on")
    return ""


def _demand_typed(deployment: Deployment, word: str, typed: str) -> None:
    """Have whoever answers with the loss of data say of which environment, letter for letter."""
    place = deployment.environment
    if word in LOSES_DATA and typed.strip() != place:
        raise Refused(
            f"Data may be lost on {escape(place)}, so its name has to be typed; I did nothing.",
            f"Type `/deploy answer {deployment.id} {word} --confirm {place}`, or press the card's button.",
            "confirm",
        )


def _demand_in_time(services: Services, hold: Hold, word: str) -> None:
    """Refuse what comes when the time is over: it may be acted on already, with the database or without."""
    if hold.open and hold.until and hold.until <= services.now() and word not in SAFE:
        raise Refused(f"The time to answer was over {when(hold.until)}, and I go on by myself.", "", "over")


def _open(session: Session, deployment: Deployment) -> Hold:
    if found := holds.current(session, deployment.number):
        return found
    asked = holds.of(session, deployment.number)
    if asked:
        raise _late(deployment, asked[-1])
    raise Refused(f"{title(deployment)} waits for nobody's answer.", "I did nothing.", "over")


def _late(deployment: Deployment, hold: Hold) -> Refused:
    by = who(hold.answered_by or "", hold.answered_name)
    told = f"{by} answered {code(hold.answer or '')} {when(hold.answered_at)}"
    return Refused(f"{title(deployment)} is decided already: {told}, so I did nothing.", "", "decided")
