"""Draws the card of a check from its rows, at the moment of sending."""

from collections.abc import Callable

from bot.announcer import plain
from bot.slack.posting import Message
from commands.views.check import Check, announcement
from deployers.checklists import Posted
from deployers.findings import Found
from storage import checklists
from storage.store import Store


def drawing(store: Store, posted: Posted, zone: str) -> Callable[[int], Message]:
    """Return what draws the card of a check, by its number."""

    def draw(number: int) -> Message:
        with store.look() as session:
            run = checklists.get(session, number)
            points = tuple(checklists.points(session, run))
        known = posted.lists.get(run.checklist)
        findings = tuple(map(Found.read, run.findings))
        blocks = announcement(Check(run, known.title if known else run.checklist, findings, points, zone))
        return Message(plain(blocks), blocks, run.version)

    return draw
