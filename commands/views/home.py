"""The App Home: what waits for the one who looks, what runs where, and buttons for what they do most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.replies import Block
from commands.views import choices, maintenance, places
from commands.views.blocks import actions, button, escape, header, line, section, small
from commands.views.card import headline
from commands.views.help import ABOUT, standing
from commands.views.history import entry
from commands.views.progress import bar_lines, timing
from commands.views.request import request
from commands.views.words import ICONS, ago, clock, count, when
from storage.models import WAITING, Deployment, HealthSample, Kind, Status
from storage.reports import EnvironmentStatus, Facts

MOST_BLOCKS = 100
"""Slack's limit for a view."""
MOST_PLACES = 12
MOST_IN_FULL = 3
MOST_LINES = 5
_STANDS_STILL = frozenset({Status.INCOMPLETE, Status.UNKNOWN})
_HEALTH = {
    "well": ":large_green_circle: well",
    "sick": ":red_circle: *sick*",
    "blind": ":white_circle: could not be asked",
}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and what they may do."""

    person: str
    name: str
    roles: frozenset[str]
    others: tuple[tuple[str, str], ...] = ()
    """What they may not do, and who may."""
    new: bool = False
    """Whether they have never asked me for anything."""
    may_deploy: bool = False
    may_roll_back: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """An environment as it is, how it was last seen to be, and what it would go back to."""

    now: EnvironmentStatus
    health: HealthSample | None = None
    running: Facts | None = None
    back: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that is on somebody's App Home."""

    viewer: Viewer
    at: datetime
    places: tuple[Place, ...] = ()
    to_decide: tuple[Facts, ...] = ()
    mine: tuple[Deployment, ...] = ()
    recent: tuple[Deployment, ...] = ()


def shown(home: Home) -> dict[str, Any]:
    """Return the view; what does not fit is left out from the end, and the small print stays."""
    blocks = [
        *_welcome(home.viewer),
        *_buttons(home),
        *_to_decide(home.to_decide),
        *_mine(home.mine),
        *_places(home),
        *_recent(home.recent),
    ]
    print_ = small(standing(home.viewer.roles, home.viewer.others), _as_of(home.at))
    return {"type": "home", "blocks": [*blocks[: MOST_BLOCKS - 1], print_]}


def closed() -> dict[str, Any]:
    """Return what somebody sees for whom there is nothing here: a guest, a stranger."""
    told = ":lock: I ship this workspace's releases. What runs where is shown to its full members only."
    return {"type": "home", "blocks": [section(f"{told}\nIf you need something deployed, ask one of them.")]}


def unsure(why: str) -> dict[str, Any]:
    """Return what somebody sees while it cannot be told who they are."""
    told = f":grey_question: I could not check who you are ({escape(why)}), so I show nothing."
    return {"type": "home", "blocks": [section(f"{told}\nOpen this tab again in a minute.")]}


def _welcome(viewer: Viewer) -> list[Block]:
    if not viewer.new:
        return []
    if not viewer.roles:
        way = "You can look at everything here. To do more, ask for a role; whom to ask stands at the bottom."
    elif viewer.may_deploy:
        way = (
            "You ask for a release, somebody approves it where that is needed, and you watch it arrive host by host."
            " If it turns sick, it goes back by itself."
        )
    else:
        way = "Requests that need your decision appear here and in their channel, with what changes and what is risky."
    hello = f"*Hello, {line(viewer.name, 60)}!* {ABOUT}" if viewer.name else f"*Hello!* {ABOUT}"
    return [section(f":wave: {hello}\n{way}\nEverything here is a command, too: type `/deploy help` in any channel.")]


def _buttons(home: Home) -> list[Block]:
    row = [button("Deploy…", action="home.deploy", value="home", style="primary")] if home.viewer.may_deploy else []
    row += [button("Run a check now", action="home.check", value="home")] if home.viewer.roles else []
    return [actions(*row)] if row else []


def _to_decide(found: Sequence[Facts]) -> list[Block]:
    if not found:
        return []
    blocks: list[Block] = [header("Waits for you")]
    for seen in found[:MOST_IN_FULL]:
        deployment = seen.deployment
        blocks += [section(f"{ICONS[deployment.status]} {headline(deployment)}"), *request(seen)]
        blocks.append(actions(choices.approve(deployment), choices.reject(deployment)))
    rest = [f"{ICONS[it.deployment.status]} {headline(it.deployment)}" for it in found[MOST_IN_FULL:]]
    return [*blocks, section("\n".join(_few(rest)))] if rest else blocks


def _mine(found: Sequence[Deployment]) -> list[Block]:
    lines = _few([places.waits(it) if it.status in WAITING else f"{ICONS[it.status]} {headline(it)}" for it in found])
    return [header("You asked for"), section("\n".join(lines))] if lines else []


def _places(home: Home) -> list[Block]:
    blocks: list[Block] = [header("Environments")]
    told = {it.id for it in (*home.mine, *(seen.deployment for seen in home.to_decide))}
    for place in home.places[:MOST_PLACES]:
        blocks.append(section("\n".join([places.runs(place.now), *_condition(place, home.at)])))
        blocks += [section("\n".join(it)) for it in (_happens(place, told),) if it]
        # Not beside the text: on a phone that would leave no room for it.
        blocks += [actions(it) for it in (_back(place),) if it and home.viewer.may_roll_back]
    if more := home.places[MOST_PLACES:]:
        blocks.append(small(f"… and {count(len(more), 'more environment')}: `/deploy status`"))
    return blocks if home.places else [*blocks, section("None is configured yet.")]


def _happens(place: Place, told: set[int | None]) -> list[str]:
    """Return what is wrong there, what is on its way, and what waits besides that of which was told above."""
    lines = [it for it in (maintenance.standing(place.now.maintenance), places.disagreement(place.now)) if it]
    if place.running:
        deployment = place.running.deployment
        lines += [
            f"{ICONS[deployment.status]} {headline(deployment)}",
            *bar_lines(place.running),
            timing(place.running),
        ]
    return [*lines, *places.waiting([it for it in place.now.waiting if it.id not in told])]


def _condition(place: Place, at: datetime) -> list[str]:
    """Return how it was last seen to be, and who holds it."""
    lock = place.now.lock
    held = [f":lock: held by #{lock.deployment_id} since {when(lock.taken_at)}"] if lock else []
    return [*_health(place, at), *held]


def _health(place: Place, at: datetime) -> list[str]:
    """Return how it was last seen to be; where nothing was deployed yet, nothing is there to be sick."""
    seen = place.health
    if not (place.now.current or place.running or (seen and seen.look == "well")):
        return []
    if seen is None:
        return [":white_circle: health not looked at yet"]
    why = f": {line(seen.why, 150)}" if seen.why and seen.look != "well" else ""
    return [f"{_HEALTH.get(seen.look, escape(seen.look))} {ago(at - seen.at)}{why}"]


def _back(place: Place) -> Block | None:
    """Return the button that leads to the question; what is on its way is stopped from its card instead."""
    if place.running and place.running.deployment.status not in _STANDS_STILL:
        return None
    if place.running and place.running.deployment.kind is Kind.DEPLOY:
        back = str(place.running.seen.get("way_back") or "")
        return choices.roll_back(place.running.deployment, line(back, 40)) if back else None
    return choices.roll_back(place.now.current, line(place.back, 40)) if place.now.current and place.back else None


def _recent(found: Sequence[Deployment]) -> list[Block]:
    return [header("Recent deployments"), section("\n".join(entry(it) for it in found))] if found else []


def _few(lines: Sequence[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return list(lines) if more <= 0 else [*lines[:MOST_LINES], f"… and {more} more"]


def _as_of(at: datetime) -> str:
    return f"As of {clock(at)}. This page follows what happens for an hour; open it again to have it follow on."
