"""One running process: its door to Slack, its worker, its deliveries, and its turn at leading."""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from time import monotonic
from typing import Any

from starlette.routing import Route

from bot import check_cards, schedules, telling, web
from bot.announcer import Announcer
from bot.app import App
from bot.engine import migrate
from bot.homes import Homes, Keeper
from bot.slack.calls import Slack
from bot.slack.channels import Channels
from bot.slack.clocks import Clocks
from bot.slack.delivery import Delivery
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
from storage.models import Asking

log = logging.getLogger(__name__)

LEAD_EVERY = 0.3
RECONCILE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Doors:
    """Through which doors requests come into this process."""

    socket: bool
    http: bool


@dataclass
class Process:
    """Runs until it is told to stop, or until the lead is lost."""

    app: App
    doors: Doors
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    started: float = field(default_factory=monotonic)

    async def run(self) -> None:
        """Serve, work and lead until SIGTERM or SIGINT; then hand over to the next start."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        self.worker.recover()
        tasks = [asyncio.create_task(work) for work in self._works()]
        stopped = asyncio.create_task(self.stopping.wait())
        done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stopped}:
            log.error("a part of me stopped", exc_info=task.exception())
        await self._hand_over(tasks)

    def _works(self) -> list[Coroutine[Any, Any, None]]:
        works = [self.worker.run(), self._lead(), self._serve()]
        if self.doors.socket:
            works.append(self.door.run())
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
        return Worker(services, handlers(), self.app.people, said=self.delivery.wake)

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
        return Delivery(self.app.store, sender, self.clocks)

    @cached_property
    def homes(self) -> Homes:
        """Return what draws App Homes."""
        return Homes(self.app.services, self.app.onlookers)

    @cached_property
    def bolt(self) -> Any:
        """Return Bolt's app with all our listeners."""
        app, words = bolt(), vocabulary()
        register(app, Front(self.intake, self.slack, words, self.app.services), words)
        return app

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
            routes.append(web.slack_events(self.bolt, self.intake, signing_secret=secret, now=self.app.clock))
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
        while not await asyncio.to_thread(self.app.leader.try_lead):  # noqa: ASYNC110 - see above
            await asyncio.sleep(LEAD_EVERY)
        log.info("leading", extra={"epoch": self.app.leader.epoch()})
        await asyncio.to_thread(self.app.launch)
        keeper = Keeper(self.app.store, self.clocks, self.app.environments, wake=self.delivery.wake)
        await asyncio.gather(self.delivery.run(), self._reconcile(), keeper.run(), schedules.run(self.app.jobs))

    async def _reconcile(self) -> None:
        """Every minute: queue again what has lost its workflow, and anchor the audit chain outside the database."""
        while True:
            await asyncio.to_thread(self.app.reconcile)
            await asyncio.to_thread(self.app.spool.drain, self.app.store)
            await asyncio.to_thread(self.app.anchor)
            await asyncio.sleep(RECONCILE_EVERY.total_seconds())

    async def _hand_over(self, tasks: list[asyncio.Task[None]]) -> None:
        """Stop taking requests, say that running deployments go on, and leave the rest to the next start."""
        for task in tasks[2:]:
            task.cancel()
        await self.worker.stop(seconds=5)
        if self.app.leader.leads:
            with suppress(Exception):
                await asyncio.to_thread(self._say_restarting)
                await asyncio.to_thread(self.app.anchor)
                self.delivery.wake()
                await asyncio.sleep(0.1)
                await self.delivery.stop(seconds=3)
        tasks[1].cancel()
        await asyncio.wait(tasks, timeout=5)
        self.app.leader.step_down()
        log.info("stopped")
        # Threads that wait for a host end with the process; the host goes on, and the next start reads what it did.
        os._exit(0)

    def _say_restarting(self) -> None:
        with self.app.store.begin() as session:
            for deployment in deployments.unfinished(session):
                if deployment.holds and not deployment.automatic:
                    telling.restarting(session, deployment, at=self.app.clock())

    def health(self) -> Mapping[str, Any]:
        """Return what /healthz shows."""
        connected = self.door.status.connected if self.doors.socket else True
        return {
            "live": True,
            "ready": not self.stopping.is_set(),
            "leads": self.app.leader.leads,
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
    app.spool.reserve()
    migrate(app.store.url)
