"""`/ops maintenance`: keep visitors out of an environment for a while, and let them in again."""

import re
from dataclasses import dataclass
from datetime import timedelta

from commands import arguments, permissions
from commands.arguments import Grammar
from commands.auditing import audited
from commands.command import Request, command
from commands.errors import Refused
from commands.replies import Reply
from commands.rows import record
from commands.services import Services
from commands.views import maintenance as view
from commands.views.blocks import code
from commands.views.words import lasting, title
from deployers.environment import LONGEST_MAINTENANCE, SHORTEST_MAINTENANCE, Environment
from storage import locks
from storage import maintenance as switches
from storage.models import MaintenanceSwitch, SwitchState
from storage.store import Session

GRAMMAR = Grammar(options=("for", "message"), flags=("yes",), sentence="message", words=2)
MOST_MESSAGE = 200
_ON, _OFF = "on", "off"
_LENGTH = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to have switched."""

    place: Environment
    keeps_out: bool
    lasts: timedelta
    message: str = ""
    insists: bool = False
    """Whether `--yes` was said."""

    @property
    def asks_once_more(self) -> bool:
        """Say whether visitors of this environment are worth a question."""
        return not self.insists and bool(self.place.approvals.required or self.place.after)


@command("on|off <environment> [--for 30m] [--message “…”] [--yes]", needs=("operator",))
@audited
def maintenance(request: Request, services: Services) -> Reply:
    """Keep visitors out of an environment for a while, or let them in again; it ends by itself.

    Where deployments need approval it asks once more, unless `--yes` says so already.
    """
    permissions.require(services, request.person, "operator", to="switch maintenance")
    asked = _read(request, services)
    _demand_commands(asked.place)
    with services.store.look() as session:
        newest = switches.newest(session, asked.place.name)
        _demand_free(session, asked)
    if not asked.keeps_out:
        _demand_on(asked, newest)
    elif asked.asks_once_more and request.origin != "cli" and not _is_on(newest):
        return _question(asked, newest)
    return _wanted(request, services, asked)


@audited
def confirmed(request: Request, services: Services) -> Reply:
    """Keep visitors out, as the question said that was shown."""
    permissions.require(services, request.person, "operator", to="switch maintenance")
    seen, seconds, name, message = _pressed(request.value)
    place = arguments.environment(name, services.environments)
    asked = Asked(place, keeps_out=True, lasts=_within(timedelta(seconds=seconds)), message=_short(message))
    _demand_commands(place)
    with services.store.look() as session:
        newest = switches.newest(session, place.name)
        _demand_free(session, asked)
    if seen != _number(newest):
        raise Refused(
            f"Somebody has switched the maintenance of {place.name} since you were asked, so I did nothing.",
            f"Look: `/deploy status {place.name}`, then `/ops maintenance on {place.name}`.",
            "stale",
        )
    return _wanted(request, services, asked)


# What was said


def _read(request: Request, services: Services) -> Asked:
    parsed = arguments.parse(request.text, GRAMMAR)
    said = [word.casefold() for word in parsed.words if word.casefold() in {_ON, _OFF}]
    names = [word for word in parsed.words if word.casefold() not in {_ON, _OFF}]
    if len(said) != 1 or len(names) > 1:
        raise Refused(
            "Say whether maintenance goes on or off, and where.",
            'For example `/ops maintenance on production --for 30m --message "Back at noon"`, or'
            " `/ops maintenance off production`.",
            "arguments",
        )
    place = _meant(names, said[0], services)
    lasts = _length(parsed.options["for"]) if "for" in parsed.options else services.maintenance
    message = _short(parsed.options.get("message", ""))
    return Asked(place, said[0] == _ON, _within(lasts), message, "yes" in parsed.flags)


def _meant(names: list[str], switch: str, services: Services) -> Environment:
    if names or not services.environments:
        return arguments.environment("".join(names), services.environments)
    listed = " or ".join(f"`/ops maintenance {switch} {name}`" for name in services.environments)
    raise Refused("Say which environment.", f"Type {listed}.", "arguments")


def _length(text: str) -> timedelta:
    found = _LENGTH.fullmatch(text.casefold().replace(" ", ""))
    if not text or found is None or not any(found.groups()):
        raise Refused(
            f"{code(text, 40)} is not a time that I understand.", "Write `--for 30m` or `--for 2h`.", "option"
        )
    hours, minutes, seconds = (int(it or 0) for it in found.groups())
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _within(lasts: timedelta) -> timedelta:
    if SHORTEST_MAINTENANCE <= lasts <= LONGEST_MAINTENANCE:
        return lasts
    shortest, longest = (lasting(it.total_seconds()) for it in (SHORTEST_MAINTENANCE, LONGEST_MAINTENANCE))
    raise Refused(
        f"Maintenance lasts between {shortest} and {longest}.",
        "Write for example `--for 30m`; `/ops maintenance on` again prolongs it.",
        "option",
    )


def _short(message: str) -> str:
    if len(message) > MOST_MESSAGE:
        raise Refused(
            f"A message has at most {MOST_MESSAGE} characters, and this one has {len(message)}.",
            "Say it in fewer words.",
            "option",
        )
    return message.strip()


def _pressed(value: str) -> tuple[int, int, str, str]:
    seen, seconds, name, message = [*value.split(":", 3), "", "", "", ""][:4]
    if not all(it.isascii() and it.isdigit() and len(it) < 16 for it in (seen, seconds)):
        raise Refused("This button's value is not one of mine, so I did nothing.", code="tampered")
    return int(seen), int(seconds), name, message


# What has to be


def _demand_commands(place: Environment) -> None:
    if place.deployer == "github":
        raise Refused(
            f"{place.name} is deployed through GitHub, and I have no way to its hosts.",
            "Switch maintenance where it runs, or by a workflow of your own.",
            "no_maintenance",
        )
    if not (place.recipe.maintenance_on and place.recipe.maintenance_off):
        raise Refused(
            f"I do not know how to keep visitors out of {place.name}.",
            f"Write `maintenance_on` and `maintenance_off` below `[recipes.{place.recipe.name}]` in `shipmate.toml`.",
            "no_maintenance",
        )


def _demand_free(session: Session, asked: Asked) -> None:
    running = switches.in_the_way(session, asked.place.name)
    if running is None:
        return
    raise Refused(
        f"{title(running)} is on its way, and I do not switch maintenance under it.",
        f"Wait for its card to end, or stop it: `/deploy cancel {running.id}`.",
        "running",
    )


def _demand_on(asked: Asked, newest: MaintenanceSwitch | None) -> None:
    if asked.insists or _is_on(newest) or (newest is not None and newest.state is not SwitchState.DONE):
        return
    name = asked.place.name
    raise Refused(
        f"I have not put {name} in maintenance, so there is nothing to end.",
        f"If visitors are kept out all the same: `/ops maintenance off {name} --yes`.",
        "not_on",
    )


def _is_on(newest: MaintenanceSwitch | None) -> bool:
    return newest is not None and newest.keeps_out


def _number(newest: MaintenanceSwitch | None) -> int:
    return newest.number if newest else 0


# What is done


def _question(asked: Asked, newest: MaintenanceSwitch | None) -> Reply:
    place = asked.place
    asking = view.Asking(place.name, asked.lasts, asked.message, len(place.machines), _number(newest))
    seconds = int(asked.lasts.total_seconds())
    lasts = f"{seconds}s" if seconds % 60 else f"{seconds // 60}m"
    said = asked.message.replace('"', "'")
    message = f' --message "{said}"' if said else ""
    text, blocks = view.question(asking, f"/ops maintenance on {place.name} --for {lasts}{message} --yes")
    return Reply(text, blocks, code="confirm")


def _wanted(request: Request, services: Services, asked: Asked) -> Reply:
    now, name = services.now(), asked.place.name
    with services.store.begin() as session:
        locks.one_at_a_time(session, name)
        _demand_free(session, asked)
        before = switches.newest(session, name)
        switch = MaintenanceSwitch(
            key=request.key,
            environment=name,
            keeps_out=asked.keeps_out,
            by=request.person.id,
            name=request.person.name,
            message=asked.message or (before.message if before and before.keeps_out and asked.keeps_out else ""),
            asked_at=now,
            until=now + asked.lasts if asked.keeps_out else None,
            changed_at=now,
        )
        if switches.want(session, switch):
            until = switch.until.isoformat() if switch.until else ""
            detail = {"on": asked.keeps_out, "until": until, "message": switch.message}
            record(session, services, request, f"environment:{name}", "maintenance.asked", **detail)
    takes = any("{message}" in it for it in asked.place.recipe.maintenance_on)
    return Reply(view.asked(switch, services.deployments_channel, takes_message=takes, until=switch.until))
