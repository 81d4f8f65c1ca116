"""Help for one person: only what they may do, and whom to ask for the rest."""

from collections.abc import Sequence

from commands import permissions
from commands.arguments import closest
from commands.command import Command
from commands.errors import IdentityUnknown
from commands.replies import Reply
from commands.services import Person, Services
from commands.views import help as view

ROLES = {"deployer": "deploy", "approver": "approve", "operator": "resolve a step"}
"""What one may do with a role and not without, in a few words."""


def page(
    person: Person, services: Services, main: Command, words: Sequence[Command], beside: Sequence[Command]
) -> Reply:
    """Return what this person can type; everything, and a word about it, when their roles cannot be told."""
    typed = [(f"/{main.name}", main), *((f"/{main.name} {it.name}", it) for it in words)]
    typed += [(f"/{it.name}", it) for it in beside]
    try:
        held = permissions.held(services.people, person)
    except IdentityUnknown:
        return Reply(*view.page(_lines(typed), view.FORM, view.UNSURE))
    shown = [it for it in typed if permissions.may_use(services.people, it[1].needs, held)]
    form = view.FORM if held else ""
    return Reply(*view.page(_lines(shown), form, view.standing(held, others(services, held))))


def meant(word: str, known: Sequence[str]) -> str:
    """Return the word that was probably meant; empty when it is one that is known, or like none."""
    if word.casefold() in known:
        return ""
    return next(iter(closest(word, known)), "")


def _lines(typed: Sequence[tuple[str, Command]]) -> list[tuple[str, str]]:
    return [(" ".join(f"{begin} {it.usage}".split()), it.help) for begin, it in typed]


def others(services: Services, held: frozenset[str]) -> list[tuple[str, str]]:
    """Return what this person may not do, and who may."""
    missing = [role for role in ROLES if not permissions.is_among((role,), held)]
    return [(ROLES[role], permissions.mentions(services.people, role)) for role in missing]
