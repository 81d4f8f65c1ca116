"""The App Home: what runs where, what waits for the one who looks, and buttons for what they do most."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commands.replies import Block
from commands.views import choices
from commands.views.blocks import actions, button, context, escape, header, section
from commands.views.card import headline
from commands.views.history import entry
from commands.views.request import request
from commands.views.words import ICONS, release, title, when, who
from storage.models import Deployment
from storage.reports import EnvironmentStatus, Facts

MOST_BLOCKS = 100
MOST_PLACES = 10
MOST_MINE = 5


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and what they may do."""

    person: str
    roles: frozenset[str]
    new: bool = False
    """Whether they have never asked me for anything."""


@dataclass(frozen=True, slots=True)
class Place:
    """An environment as it is, and what it would go back to."""

    now: EnvironmentStatus
    running: Facts | None = None
    back: str = ""


@dataclass(frozen=True, slots=True)
class Home:
    """Everything that is on somebody's App Home."""

    viewer: Viewer
    places: tuple[Place, ...]
    to_decide: tuple[Facts, ...]
    mine: tuple[Deployment, ...]
    recent: tuple[Deployment, ...]
    who_may: tuple[tuple[str, str], ...]
    """What one can do here, and who may."""
    may_roll_back: bool
    at: datetime


def shown(home: Home) -> dict[str, Any]:
    """Return the view."""
    blocks = [
        *_greeting(home),
        *_buttons(home),
        *_deciding(home.to_decide),
        *_mine(home.mine),
        *_places(home),
        *_recent(home.recent),
        context(f"As of {when(home.at)}. It follows by itself for an hour; open this tab again to see it anew."),
    ]
    return {"type": "home", "blocks": blocks[:MOST_BLOCKS]}


def closed(why: str) -> dict[str, Any]:
    """Return what somebody sees for whom there is nothing here."""
    told = "I deploy releases for this workspace, and only its full members can see and ask for them."
    return {"type": "home", "blocks": [section(f":lock: {escape(why)}"), context(told)]}


def unsure(why: str) -> dict[str, Any]:
    """Return what somebody sees while it cannot be told who they are."""
    return {"type": "home", "blocks": [section(f":grey_question: {escape(why)}")]}


def _greeting(home: Home) -> list[Block]:
    if not home.viewer.new:
        return []
    return [section("Hello! I ship releases, watch them, and bring them back when they go wrong.")]


def _buttons(home: Home) -> list[Block]:
    if "deployer" not in home.viewer.roles:
        return []
    return [actions(button("Deploy…", action="home.deploy", value="home", style="primary"))]


def _deciding(found: Sequence[Facts]) -> list[Block]:
    blocks: list[Block] = []
    for seen in found:
        deployment = seen.deployment
        blocks += [section(f"{ICONS[deployment.status]} {headline(deployment)}"), *request(seen)]
        blocks.append(actions(choices.approve(deployment), choices.reject(deployment)))
    return [header("Waits for you"), *blocks] if blocks else []


def _mine(found: Sequence[Deployment]) -> list[Block]:
    lines = [f"{ICONS[it.status]} {title(it)} {it.status.value.replace('_', ' ')}" for it in found[:MOST_MINE]]
    return [header("Your requests"), section("\n".join(lines))] if lines else []


def _places(home: Home) -> list[Block]:
    blocks: list[Block] = [header("Environments")]
    for place in home.places[:MOST_PLACES]:
        blocks.append(section(_runs(place.now)))
        if place.running:
            blocks.append(context(f"{ICONS[place.running.deployment.status]} {headline(place.running.deployment)}"))
    return blocks


def _runs(now: EnvironmentStatus) -> str:
    it = now.current
    if it is None:
        return f"*{escape(now.environment)}* has nothing that I deployed"
    by = who(it.requested_by, it.requested_name)
    return f"*{escape(now.environment)}* runs {release(it.ref, it.sha)} since {when(it.served_at)}, by {by}"


def _recent(found: Sequence[Deployment]) -> list[Block]:
    if not found:
        return []
    return [header("Recent deployments"), section("\n".join(entry(it) for it in found))]
