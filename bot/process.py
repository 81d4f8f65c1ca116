"""One running process: its door to Slack, its worker, its deliveries, and its turn at leading."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from time import monotonic
from typing import Any

from starlette.routing import Route

from bot import check_cards, github, schedules, telling, web, webhook
from bot.announcer import Announcer
from bot.app import REST, App
from bot.change import demand_lead
from bot.engine import migrate
from bot.homes import Homes
from bot.lost import GOES_ON
from bot.slack.calls import Slack
from bot.slack.channels import Channels
from bot.slack.clocks import Clocks
from bot.slack.delivery import Delivery, Pace
from bot.slack.door import SocketDoor
from bot.slack.front import Front, Words
from bot.slack.intake import Intake
from bot.slack.listeners import bolt, register
from bot.slack.posting import Poster
from bot.slack.sending import Sender
from bot.slack.worker import Worker
from commands import registry
from commands.views import card
from storage import deployments
from storage.errors import StorageError
from storage.models import Asking
from storage.store import Session

log = logging.getLogger(__name__)

LEAD_EVERY = 0.3
REST_SHARED = 1.0
CLOSING_SECONDS = 5.0
RECONCILE_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Doors:
    """Through which doors requests come into this process."""

    socket: bool
    http: bool
    leads: bool = True
    """Whether it may run deployments and deliver messages, should it be its turn."""


@dataclass
class Process:
    """Runs until it is told to stop, or until the lead is lost."""

    app: App
    doors: Doors
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: float = field(default_factory=monotonic)

    async def run(self) -> None:
        """Serve, work and lead until SIGTERM or SIGINT; then hand over to the next start, and end with 0.

        When any part of it ends by itself the rest is handed over too, and the process ends with 1.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        self.worker.recover()
        self.app.audit.chain_in()
        parts = {name: asyncio.create_task(work) for name, work in self._works().items()}
        stopped = asyncio.create_task(self.stopping.wait())
        done, _ = await asyncio.wait([*parts.values(), stopped], return_when=asyncio.FIRST_COMPLETED)
        broken = [name for name, task in parts.items() if task in done]
        for name in broken:
            log.error("my %s ended, and so do I; start me again", name, exc_info=parts[name].exception())
        await self._hand_over(parts)
        # Threads that wait for a host end with the process; the host goes on, and the next start reads what it did.
        os._exit(1 if broken else 0)

    def _works(self) -> dict[str, Coroutine[Any, Any, None]]:
        works = {"worker": self.worker.run(), "web server": self._serve(), "lead": self._lead()}
        if self.doors.socket:
            works["door"] = self.door.run()
        return works

    # What it is made of

    @cached_property
    def slack(self) -> Slack:
        """Return the calls to Slack."""
        return Slack(self._token("slack_bot_token"), base_url=self.app.settings.outside.slack_api_url)

    @property
    def clocks(self) -> Clocks:
        """Return the time, and how to wait."""
        return Clocks(self.app.clock, monotonic)

    @cached_property
    def intake(self) -> Intake:
        """Return the listeners' one write."""
        return Intake(self.app.store, self.clocks, wake=self.worker.wake)

    @cached_property
    def worker(self) -> Worker:
        """Return what runs what was asked."""
        services = self.app.services
        return Worker(services, handlers(), self.app.people, rest=self._rest)

    @cached_property
    def delivery(self) -> Delivery:
        """Return what brings the outbox to Slack."""
        channels = self.app.settings.channels
        checks = check_cards.drawing(self.app.store, self.app.posted, self.app.settings.app.timezone)
        announcer = Announcer(self.app.store, card.announcement, checks=checks)
        known = Channels(self.slack, monotonic=monotonic)
        poster = Poster(
            self.slack, known, fallbacks=(channels.deployments, channels.alerts, channels.monitoring, "general")
        )
        sender = Sender(self.slack, poster, render=announcer.draw, alerts_channel=channels.alerts, home=self.homes.draw)
        return Delivery(self.app.store, sender, self.clocks, pace=Pace(rest=self._rest), demand_lead=self._demand_lead)

    @property
    def _rest(self) -> float:
        """Return after how many seconds is looked for what other processes wrote; what this one writes wakes us."""
        return REST_SHARED if self.app.store.shared else REST

    def _demand_lead(self, session: Session) -> None:
        demand_lead(session, self.app.leader.epoch())

    @cached_property
    def homes(self) -> Homes:
        """Return what draws App Homes."""
        return Homes(self.app.services, self.app.onlookers)

    @cached_property
    def bolt(self) -> Any:
        """Return Bolt's app with all our listeners."""
        app = bolt()
        register(app, self.front, vocabulary())
        return app

    @cached_property
    def front(self) -> Front:
        """Return the listeners' only helper."""
        return Front(self.intake, self.slack, vocabulary(), self.app.services)

    @cached_property
    def door(self) -> SocketDoor:
        """Return the WebSocket to Slack."""
        return SocketDoor(
            self.bolt,
            self.intake,
            self.clocks,
            app_token=self._token("slack_app_token"),
            base_url=self.app.settings.outside.slack_api_url,
        )

    def _token(self, name: str) -> str:
        secret = getattr(self.app.settings.outside, name)
        return secret.get_secret_value() if secret else ""

    # What it does

    async def _serve(self) -> None:
        """Answer /healthz, and Slack's requests in HTTP mode."""
        routes: list[Route] = []
        if self.doors.http:
            secret = self._token("slack_signing_secret")
            routes.append(web.slack_events(self.bolt, self.intake, signing_secret=secret, now=self.app.wall))
        if shared := self._token("github_webhook_secret"):
            hears = github.ear(self.app.settings, self.app.store, self.app.clock, self.app.ask_checks).hear
            routes.append(webhook.github_events(hears, secret=shared))
        host = "0.0.0.0" if self.doors.http else "127.0.0.1"  # noqa: S104 - Slack has to reach it in HTTP mode
        server = web.Server(web.application(self.health, routes), host=host, port=self.app.settings.outside.port)
        try:
            await server.start()
            await asyncio.Event().wait()
        finally:
            await server.stop()

    async def _lead(self) -> None:
        """Wait for our turn, then run deployments and deliver what has to be said."""
        # No event of ours tells that another process gives up the lead.
        while not await asyncio.to_thread(self._try_lead):  # noqa: ASYNC110 - see above
            await asyncio.sleep(LEAD_EVERY)
        log.info("leading", extra={"epoch": self.app.leader.epoch()})
        await asyncio.to_thread(self.app.launch)
        await asyncio.gather(self.delivery.run(), self._reconcile(), schedules.run(self.app.jobs, self.app.store))

    def _try_lead(self) -> bool:
        try:
            # Nothing is measured by the time of who does not lead.
            self.app.clock.take_over(self.app.clock.off)
            return self.app.leader.try_lead() if self.doors.leads else self.app.leader.look_on()
        except StorageError as error:
            log.warning("nobody can lead without the database", extra={"why": str(error)})
            return False

    async def _reconcile(self) -> None:
        """Every half minute: take up what lost its workflow, anchor the audit chain, tidy up behind the engine."""
        while True:
            for work in (self.app.reconcile, self.app.audit.chain_in, self.app.audit.anchor, self.app.tidy):
                try:
                    await asyncio.to_thread(work)
                except StorageError as error:
                    log.warning("the database is away; I look again soon", extra={"why": str(error)})
                except Exception:
                    # The engine has errors of its own, a full disk among them; deployments must not end with them.
                    log.exception("My housekeeping stumbled, and goes on soon")
            await asyncio.sleep(RECONCILE_EVERY.total_seconds())

    async def _hand_over(self, parts: Mapping[str, asyncio.Task[None]]) -> None:
        """Stop taking requests, say that running deployments go on, and leave the rest to the next start."""
        self._cancel(parts, "door", "web server")
        await self._close(self.front.close(), asyncio.to_thread(self.intake.close))
        await self.worker.stop(seconds=5)
        if self.app.leader.leads:
            with suppress(Exception):
                await asyncio.to_thread(self._say_restarting)
                await asyncio.to_thread(self.app.audit.anchor)
                self.delivery.wake()
                await asyncio.sleep(0.1)
                await self.delivery.stop(seconds=3)
        self._cancel(parts, "lead")
        await self._close(*parts.values(), self.slack.close())
        self.app.leader.step_down()
        log.info("stopped")

    def _cancel(self, parts: Mapping[str, asyncio.Task[None]], *names: str) -> None:
        for name in names:
            if name in parts:
                parts[name].cancel()

    async def _close(self, *closing: Awaitable[None]) -> None:
        """Let things come to their end, each with what it raises, but not for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*closing, return_exceptions=True), CLOSING_SECONDS)

    def _say_restarting(self) -> None:
        with self.app.store.begin() as session:
            for deployment in deployments.unfinished(session):
                if deployment.status in GOES_ON and not deployment.automatic:
                    telling.restarting(session, deployment, at=self.app.clock())

    def health(self) -> Mapping[str, Any]:
        """Return what /healthz shows."""
        connected = self.door.status.connected if self.doors.socket else True
        return {
            "live": True,
            "ready": self.app.leader.hears and not self.stopping.is_set(),
            "leads": self.app.leader.leads,
            "leader": self.app.leader.seen,
            "database": self.app.leader.hears,
            "slack": connected,
            "seconds": round(monotonic() - self.started),
        }


def handlers() -> Mapping[tuple[Asking, str], Any]:
    """Return what runs, by how it was asked and its name."""
    return {
        **{(Asking.COMMAND, each.name): each for each in registry.COMMANDS},
        **{(Asking.ACTION, each.name): each for each in registry.ACTIONS},
        **{(Asking.SUBMISSION, each.name): each for each in registry.SUBMISSIONS},
        **{(Asking.OPENED, each.name): each for each in registry.OPENED},
        **{(Asking.MESSAGE, each.name): each for each in registry.MESSAGES},
    }


def vocabulary() -> Words:
    """Return what Slack may ask for, by name."""
    return Words(
        commands=frozenset(each.name for each in registry.COMMANDS),
        actions=frozenset(each.name for each in registry.ACTIONS),
        submissions=frozenset(each.name for each in registry.SUBMISSIONS),
        modals={each.name: each for each in registry.MODALS},
    )


def prepare(app: App) -> None:
    """Bring the database up to this version: our tables and the engine's."""
    app.store.migrate()
    app.audit.spool.reserve()
    migrate(app.store.url)
