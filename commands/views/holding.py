"""What a card shows while a deployment waits for an answer: the question, how long there is, and the buttons."""

from collections.abc import Sequence
from datetime import datetime

from commands.replies import Block
from commands.views.blocks import actions, button, confirm, escape, header, line, message, section
from commands.views.choices import named, value
from commands.views.comparing import aborting, comparing, promoting
from commands.views.deciding import database
from commands.views.words import clock, lasting, who
from storage.models import ANSWERS, Deployment, Hold, HoldKind
from storage.reports import Facts

_SAID = {
    "back": "it goes back now",
    "hold": "it stays as it is, and goes no further",
    "promote": "every visitor gets it now",
    "abort": "it is stopped",
    "step_back": "the migration is stepped back",
    "restore": "the database is restored",
    "leave": "the database is left as it is",
    "aborted": "the whole deployment was stopped",
}


def said(word: str) -> str:
    """Return what an answer means, as the end of a sentence."""
    return _SAID.get(word, word)


def holding(seen: Facts, now: datetime | None) -> list[Block]:
    """Return the question that a deployment waits on, with its buttons; nothing where it waits on none."""
    hold = seen.hold
    if hold is None:
        return []
    match hold.kind:
        case HoldKind.VETO:
            return veto(seen, hold, now)
        case HoldKind.CANARY:
            return canary(seen.deployment, hold, now)
        case HoldKind.DATABASE:
            return database(seen.deployment, hold, now)
        case _:
            return [section(line(hold.why, 2_000)), actions(*plain_answers(seen.deployment, hold))]


def veto(seen: Facts, hold: Hold, now: datetime | None) -> list[Block]:
    """Return that it is about to go back by itself, and what people may say to that."""
    deployment, back = seen.deployment, line(str(hold.facts.get("to") or seen.seen.get("way_back") or "what ran"), 60)
    here = f"*{escape(deployment.environment)}*"
    told = f":hourglass_flowing_sand: I take {here} back to `{back}` {left(hold, now)}, unless somebody holds me."
    if deployment.finished:
        told = f":warning: {line(hold.why, 600)}\n{told}"
    stays = f"{named(deployment)} stays on {deployment.environment} as it is now. I stop, and a person has to decide."
    return [
        section(told),
        actions(
            answer(deployment, hold, "back", "Roll back now", style="danger"),
            answer(
                deployment,
                hold,
                "hold",
                "Hold",
                confirm=confirm("Not go back?", stays, yes="Hold", no="No, go back"),
            ),
        ),
    ]


def canary(deployment: Deployment, hold: Hold, now: datetime | None) -> list[Block]:
    """Return both sides of a canary, and what people may say about it."""
    share = int(hold.facts.get("share", 0))
    held = [] if hold.facts.get("by_hand") else [answer(deployment, hold, "hold", "Hold")]
    buttons = [
        answer(deployment, hold, "promote", "Promote now", style="primary", confirm=promoting(deployment, share)),
        *held,
        answer(deployment, hold, "abort", "Abort", style="danger", confirm=aborting(deployment, share)),
    ]
    return [*comparing(hold.facts, now), actions(*buttons)]


def loud(seen: Facts, hold: Hold, now: datetime) -> tuple[str, tuple[Block, ...]]:
    """Return the message that calls somebody to say no in time: its line for a pager, and its blocks."""
    deployment = seen.deployment
    place, what = escape(deployment.environment), escape(named(deployment))
    text = f"{place} {what} is not well, and I am about to take it back: {line(hold.why, 300)}"
    return text, message(
        header(f"{deployment.environment}: {named(deployment)} is not well"), *_asking(seen, hold, now)
    )


def _asking(seen: Facts, hold: Hold, now: datetime) -> list[Block]:
    why = [] if seen.deployment.finished else [section(line(hold.why, 600))]
    return [*why, *veto(seen, hold, now)]


def left(hold: Hold, now: datetime | None) -> str:
    """Return when the time of a question is over; how long that is as well, where it is known what time it is."""
    if hold.until is None:
        return "when somebody says so"
    at = f"at {clock(hold.until)}"
    if now is None:
        return at
    seconds = (hold.until - now).total_seconds()
    return f"in *{lasting(seconds)}* ({at})" if seconds > 0 else "*now*"


def held_back(holds: Sequence[Hold]) -> str:
    """Return who has held a release that was about to be taken back; empty where nobody has."""
    held = next((it for it in holds if it.kind is HoldKind.VETO and it.answer in ("hold", "aborted")), None)
    return who(held.answered_by or "", held.answered_name) if held else ""


def answer(
    deployment: Deployment, hold: Hold, word: str, text: str, *, style: str = "", confirm: Block | None = None
) -> Block:
    """Return the button that gives one answer."""
    said_by_it = f"{value(deployment)}:{hold.id}:{word}"
    return button(text, action=f"hold.{word}", value=said_by_it, style=style, confirm=confirm)


def plain_answers(deployment: Deployment, hold: Hold) -> list[Block]:
    """Return a button for each answer, in its own word."""
    return [answer(deployment, hold, word, word.replace("_", " ").capitalize()) for word in ANSWERS[hold.kind]]
