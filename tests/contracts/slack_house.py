"""The bot's whole Slack side around a few sample commands, against the stand-in for Slack; time may be moved."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

from slack_bolt.async_app import AsyncApp
from sqlmodel import select

from bot.sandbox.slack import Paces, Patience, SlackServer, SlackThread, Workspace
from bot.sandbox.slack.paces import Pace
from bot.sandbox.slack.sample import EVERYBODY
from bot.sandbox.slack.web_api import METHODS
from bot.slack.calls import Slack
from bot.slack.channels import Channels
from bot.slack.clocks import Clocks
from bot.slack.delivery import Delivery
from bot.slack.delivery import Pace as Looks
from bot.slack.door import SocketDoor
from bot.slack.front import Front, Words
from bot.slack.identity import Lookups, SlackPeople
from bot.slack.intake import Intake
from bot.slack.listeners import bolt, register
from bot.slack.posting import Message, Poster
from bot.slack.sending import Sender
from bot.slack.worker import Worker
from commands.command import Modal, Request
from commands.errors import Refused
from commands.home import opened
from commands.replies import Reply
from commands.services import Services
from deployers.ports import Revision
from storage.models import Asking, InboxRow, InboxState, OutboxRow
from storage.store import Store
from tests.contracts.sandbox_slack_app import MODAL

ROLES = {
    "deployer": ("@developers",),
    "approver": ("@release-managers",),
    "operator": ("@devops", "cli:root"),
    "admin": ("lead@askproai.de",),
}


UNPACED = {method: Pace(1e9, 1e9) for method in METHODS}


class Time:
    """The machine's clocks, which a test may push forward, and the one on the wall back."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.back = timedelta(0)

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.ahead, tz=UTC) - self.back

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


class Refs:
    """A repository that knows three refs, and may be slow."""

    def __init__(self) -> None:
        self.answers = Event()
        self.answers.set()

    def refs(self, beginning: str = "", *, limit: int = 100) -> tuple[Revision, ...]:
        self.answers.wait(20)
        names = ("v2.3", "v2.2", "main", "x" * 200)
        return tuple(Revision(name, f"refs/tags/{name}", "a" * 40) for name in names if beginning in name)


@dataclass
class House:
    """What a test holds in its hands."""

    slack: SlackThread
    store: Store
    time: Time
    refs: Refs
    ran: list[Request] = field(default_factory=list)
    calls: list[Slack] = field(default_factory=list)
    render: Callable[[int], Message] = lambda _: Message("a card", (), 1)
    alert: Callable[[Any], Any] | None = None
    home: Callable[[str, bool], dict[str, Any]] = lambda user, _: a_home(f"Hello {user}")
    door: SocketDoor = field(init=False)
    worker: Worker = field(init=False)
    delivery: Delivery = field(init=False)
    intake: Intake = field(init=False)
    app: AsyncApp = field(init=False)

    async def does(self, work: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Do something as a person, in a thread, while the bot lives in this loop."""
        return await asyncio.to_thread(work, *arguments, **named)

    async def says(self, person: str, text: str, channel: str = "deployments") -> None:
        await self.does(self.slack.driver.says, person, text, channel)

    async def tells(self, person: str, text: str) -> Any:
        return await self.does(self.slack.driver.eventually_tells, person, text)

    async def until(self, predicate: Callable[[], Any], what: str = "") -> Any:
        return await self.does(self.slack.driver.eventually, predicate, 30.0, what)

    def rows(self) -> list[InboxRow]:
        with self.store.look() as session:
            return list(session.exec(select(InboxRow)))

    async def settled(self, state: InboxState, count: int = 1) -> list[InboxRow]:
        def ready() -> list[InboxRow]:
            found = [row for row in self.rows() if row.state is state]
            return found if len(found) >= count else []

        return await self.until(ready, f"{count} rows {state}")


def a_home(text: str) -> dict[str, Any]:
    return {"type": "home", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]}


def modal(request: Request, _: Services) -> dict[str, Any]:
    return {**MODAL, "private_metadata": request.value or "bare"}


def handlers(house: House) -> dict[tuple[Asking, str], Any]:
    def deploy(request: Request, _: Services) -> Reply:
        house.ran.append(request)
        match request.text:
            case "refused":
                raise Refused("production is frozen until Monday.", "Type `/deploy help`.", "frozen")
            case "broken":
                raise RuntimeError("a secret stack trace")
            case _:
                return Reply(f"{request.person.name} asked for {request.text}")

    def approve(request: Request, _: Services) -> Reply:
        house.ran.append(request)
        return Reply(f"approved {request.value}")

    def submitted(request: Request, _: Services) -> Reply:
        house.ran.append(request)
        return Reply(f"will deploy {request.fields['ref']} to {request.fields['environment']}")

    def heard(request: Request, _: Services) -> Reply:
        house.ran.append(request)
        return Reply(f"You said {request.text}")

    return {
        (Asking.OPENED, "app_home_opened"): opened,
        (Asking.MESSAGE, "message"): heard,
        (Asking.COMMAND, "deploy"): deploy,
        (Asking.ACTION, "deployment.approve"): approve,
        (Asking.SUBMISSION, "deploy"): submitted,
    }


WORDS = Words(
    commands=frozenset({"deploy"}),
    actions=frozenset({"deployment.approve"}),
    submissions=frozenset({"deploy"}),
    modals={"deploy": Modal("deploy", modal), "deployment.reject": Modal("deployment.reject", modal)},
)


def world(*, patience: Patience | None = None) -> SlackThread:
    """Return a workspace, not started, without limits that a test did not ask for."""
    workspace = Workspace()
    workspace.channels["C0GEN"].members |= EVERYBODY | {"U0SHIP"}
    return SlackThread(SlackServer(workspace, paces=Paces(UNPACED), patience=patience or Patience()))


def delivery(house: House, rest: float = 0.2) -> Delivery:
    """Build the delivery side; `house.render` draws cards."""
    clocks = Clocks(house.time.now, house.time.monotonic)
    slack = Slack(house.slack.server.tokens.bot, base_url=house.slack.server.api_url, seconds=3)
    house.calls.append(slack)

    async def render(row: OutboxRow) -> Message:
        return house.render(row.deployment_id or 0)

    async def home(user: str, *, patient: bool) -> dict[str, Any]:
        return house.home(user, patient)

    poster = Poster(slack, Channels(slack, monotonic=clocks.monotonic), fallbacks=("deployments", "general"))
    sender = Sender(slack, poster, render=render, alerts_channel="alerts", alert=house.alert, home=home)
    return Delivery(house.store, sender, clocks, pace=Looks(every=0.05, rest=rest, gap=0.05))


def people(house: House) -> SlackPeople:
    server = house.slack.server
    return SlackPeople(
        Lookups(server.tokens.bot, base_url=server.api_url),
        ROLES,
        monotonic=house.time.monotonic,
        operators={"omar": "U0OMAR", "ana": "U0ANA"},
    )


@asynccontextmanager
async def housed(store: Store, slack: SlackThread, **more: Any) -> AsyncIterator[House]:
    """Run the bot's Slack side while the context lasts."""
    house = House(slack, store, Time(), Refs())
    write_seconds = more.pop("write_seconds", 2.0)
    run_door = more.pop("door", True)
    clocks = Clocks(house.time.now, house.time.monotonic)
    server = slack.server
    services = Services(
        store=store,
        environments={},
        repository=house.refs,
        preflight=None,
        people=None,
        engine=None,
        now=house.time.now,
    )
    calls = Slack(server.tokens.bot, base_url=server.api_url, seconds=3)
    house.calls.append(calls)
    house.delivery = delivery(house)
    house.worker = Worker(services, handlers(house), people(house), every=0.1)
    house.intake = Intake(store, clocks, wake=house.worker.wake, write_seconds=write_seconds)
    front = Front(house.intake, calls, WORDS, services)
    app = bolt()
    register(app, front, WORDS)
    house.app = app
    house.door = SocketDoor(
        app, house.intake, clocks, app_token=server.tokens.app, base_url=server.api_url, ping_seconds=0.6
    )
    await asyncio.to_thread(house.worker.recover)
    running = [asyncio.create_task(part.run()) for part in (house.worker, house.delivery)]
    door = asyncio.create_task(house.door.run()) if run_door else None
    try:
        if run_door and not more.pop("away", False):
            await house.until(lambda: house.door.status.connected, "a connection")
        yield house
    finally:
        if door is not None:
            door.cancel()
            await asyncio.gather(door, return_exceptions=True)
        await house.worker.stop()
        await house.delivery.stop(seconds=1)
        await asyncio.gather(*running)
        await front.close()
        for each in house.calls:
            await each.close()
        house.intake.close()
