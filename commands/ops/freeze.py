"""`/ops freeze` and `/ops unfreeze`: let nothing be deployed to an environment until somebody says so."""

import re
from datetime import timedelta

from commands import arguments, permissions
from commands.arguments import Grammar
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views import freezing
from commands.views.blocks import code
from deployers.environment import Environment
from storage import freezes, locks
from storage.models import FreezeRecord
from storage.store import Session

GRAMMAR = Grammar(options=("for", "reason"), sentence="reason", words=1)
MOST_REASON = 500
LONGEST = timedelta(days=90)
_LENGTH = re.compile(r"(?:(\d{1,2})d)?(?:(\d{1,4})h)?(?:(\d{1,6})m)?", re.ASCII)


@command("<environment> [--for 2h] --reason “…”", needs=("operator",))
@audited
def freeze(request: Request, services: Services) -> Reply:
    """Let nothing be deployed to an environment until it is unfrozen, or its time is over; going back is never stopped.

    What is queued already is refused when its turn comes.
    """
    permissions.require(services, request.person, "operator", to="freeze an environment")
    parsed = arguments.parse(request.text, GRAMMAR)
    place, reason = _place(parsed.words, services, "freeze"), parsed.options.get("reason", "")[:MOST_REASON].strip()
    if not reason:
        raise Refused(
            "A freeze needs a reason: whoever is stopped by it reads it.",
            f'Type `/ops freeze {place.name} --for 2h --reason "we count the stock"`.',
            "reason",
        )
    lasts = _length(parsed.options["for"]) if "for" in parsed.options else None
    now, person = services.now(), request.person
    with services.store.begin() as session:
        locks.one_at_a_time(session, place.name)
        wanted = FreezeRecord(
            environment=place.name,
            by=person.id,
            name=person.name,
            reason=reason,
            since=now,
            until=now + lasts if lasts else None,
        )
        made = freezes.put(session, wanted)
        if made is None:
            raise _frozen_already(session, services, place)
        detail = {"reason": reason, "until": str(made.until or "")}
        record(session, services, request, f"environment:{place.name}", "environment.frozen", **detail)
        return Reply(freezing.made(made))


@command("<environment>", needs=("operator",))
@audited
def unfreeze(request: Request, services: Services) -> Reply:
    """Lift the freeze of an environment, so that it can be deployed to again."""
    permissions.require(services, request.person, "operator", to="lift a freeze")
    place = _place(arguments.parse(request.text, GRAMMAR).words, services, "unfreeze")
    now, person = services.now(), request.person
    with services.store.begin() as session:
        locks.one_at_a_time(session, place.name)
        lifted = freezes.lift(session, place.name, by=person.id, name=person.name, at=now)
        if lifted is None:
            raise Refused(
                f"Nobody has frozen {place.name}, so there is nothing to lift.",
                "The weekly freezes of `shipmate.toml` end by themselves.",
                "not_frozen",
            )
        record(session, services, request, f"environment:{place.name}", "environment.unfrozen", reason=lifted.reason)
        return Reply(freezing.lifted(lifted))


def _place(words: tuple[str, ...], services: Services, word: str) -> Environment:
    if len(words) == 1:
        return arguments.environment(words[0], services.environments)
    listed = " or ".join(f"`/ops {word} {name}`" for name in services.environments)
    raise Refused("Say which environment.", f"Type {listed}." if listed else "", "arguments")


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.casefold().replace(" ", ""))
    days, hours, minutes = (int(it or 0) for it in found.groups()) if found else (0, 0, 0)
    lasts = timedelta(days=days, hours=hours, minutes=minutes)
    if not timedelta(0) < lasts <= LONGEST:
        raise Refused(
            f"{code(text, 40)} is not a time for which I can freeze.",
            f"Write `--for 2h` or `--for 3d`, at most {LONGEST.days} days; or nothing, until somebody lifts it.",
            "option",
        )
    return lasts


def _frozen_already(session: Session, services: Services, place: Environment) -> Refused:
    held = freezes.in_force(session, place.name, services.now())
    told = freezing.told(held) if held else f"{place.name} was frozen at this very moment."
    return Refused(told, f"To change that, lift it first: `/ops unfreeze {place.name}`.", "frozen")
