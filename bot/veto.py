"""The time in which people may say no before a release is taken back by itself."""

from dataclasses import replace

from bot.holding import Held, Question
from bot.known import Known
from bot.outcome import Outcome
from deployers.environment import Environment
from deployers.errors import Aborted
from storage.models import ABORTED, HoldKind

BACK, HOLD = "back", "hold"
KEY = "veto"


def of(known: Known, outcome: Outcome, environment: Environment) -> Question | None:
    """Return what people are asked before it goes back; nothing where somebody wants it, or it was begun already."""
    lasts = environment.rollback.veto
    if known.going_back or outcome.code == Aborted.code or not lasts:
        return None
    to = known.good.revision.ref if known.good else ""
    return Question(KEY, HoldKind.VETO, outcome.message, lasts, otherwise=BACK, facts={"to": to})


def stays(held: Held, known: Known) -> bool:
    """Say whether somebody wants it to stay as it is."""
    return held.answer == HOLD or (held.answer == ABORTED and not known.back_wanted)


def told(outcome: Outcome, held: Held) -> Outcome:
    """Return what went wrong, with who held it back."""
    return replace(outcome, message=f"{outcome.message}. It was not taken back, because {held.by} held it")
