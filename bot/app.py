"""The composition root: the only place that builds anything, and knows everybody."""

import getpass
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import clock_set, expiry, github, lost, schedules
from bot.alone import Alone
from bot.audit_files import AuditFiles
from bot.change import Changes
from bot.checkups import Checkups
from bot.chores import Chores
from bot.conductor import Conductor
from bot.cooling import Cooling
from bot.crew import Crew, with_secrets
from bot.engine import Engine, Queue
from bot.guarding import Guard
from bot.homes import Keeper
from bot.leader import Leader
from bot.maintenance import Maintenance
from bot.opening import Opening
from bot.reminders import Reminders
from bot.schedules import Job
from bot.settings import Settings
from bot.slack.identity import Lookups, SlackPeople
from bot.slack.remembered import Remembered
from bot.steady import Steady, utc
from commands.services import Person, Services
from deployers.balancers.remote import Both, place_of
from deployers.checklists import Posted
from deployers.checkup.looking import Tools
from deployers.environment import Environment
from deployers.legacy_look import OldBackups
from deployers.ports import AskChecks, Remote, Repository
from deployers.preflight import SshPreflight
from deployers.remembered import OnceAsked
from deployers.repository import GitRepository
from deployers.schema import TargetMigrations
from deployers.warming import Warming
from storage import checks, deployments, inbox
from storage.models import (
    BackupRecord,
    ChecklistRun,
    Deployment,
    DrillRecord,
    HealthSample,
    InboxRow,
    MaintenanceSwitch,
)
from storage.seats import seat_for
from storage.store import Store

if TYPE_CHECKING:
    from deployers.ssh_shelf import Shelf

REST = 10.0
"""After so many seconds at the latest is looked at rows for whose change nobody wakes us."""
PERHAPS_SOON = timedelta(minutes=2)
"""So long after somebody has asked for anything a deployment is expected any moment."""
REMEMBERED = timedelta(days=14)
"""So long is kept what nobody needs once work has ended."""


@dataclass
class App:
    """Everything that one process is made of, built when it is first asked for."""

    settings: Settings
    wall: Callable[[], datetime] = utc
    end: Callable[[int], None] = os._exit

    @cached_property
    def clock(self) -> Steady:
        """Return the time as it is told here; only who looks whether that was set looks on the wall."""
        return Steady(self.wall)

    @property
    def state(self) -> Path:
        """Return the folder for what may be lost: mirrors, spool, anchor."""
        folder = self.settings.path.parent / ".shipmate"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    @cached_property
    def store(self) -> Store:
        """Return the database."""
        return Store(self.settings.outside.database_url.get_secret_value())

    @cached_property
    def audit(self) -> AuditFiles:
        """Return what is written of the audit beside the database."""
        return AuditFiles(self.store, self.state, self.clock)

    @cached_property
    def environments(self) -> Mapping[str, Environment]:
        """Return the environments as configured."""
        return self.settings.environments

    @cached_property
    def repository(self) -> Repository:
        """Return the repository: asked through GitHub where we may, otherwise over a bare mirror of our own."""
        mirror = GitRepository(self.settings.app.git, self.state / "mirror.git")
        return OnceAsked(github.repository(self.settings) or mirror)

    @cached_property
    def ask_checks(self) -> AskChecks:
        """Return who asks continuous integration."""
        return github.ask_checks(self.settings, self.store, self.clock)

    def remote(self, environment: Environment) -> Remote:
        """Return new connections to an environment's targets."""
        return self._remote(environment)

    def deploying(self, environment: Environment) -> Remote:
        """Return connections to deploy over: those that a look shortly before has left, or new ones."""
        return self._remote(environment, takes=True)

    def looking(self, environment: Environment) -> Remote:
        """Return new connections to look at an environment's targets, left for the deployment that may follow."""
        return self._remote(environment, leaves=True)

    def _remote(self, environment: Environment, *, takes: bool = False, leaves: bool = False) -> Remote:
        if environment.deployer == "github":
            return github.remote(self.settings, self.clock, self.store, environment)
        # Read in when it is first needed: who has not deployed yet is a tenth smaller without it.
        from deployers.ssh import Shelves, SshRemote

        if environment.place is None:
            raise ValueError(f"{environment.name} has no hosts")
        shelves = Shelves(self._shelf if takes else None, self._shelf if leaves else None)
        hosts = SshRemote(environment.place, key_file=self.key_file, shelves=shelves)
        if (place := place_of(environment)) is None:
            return hosts
        balancers = SshRemote(place, key_file=self.key_file, shelves=shelves)
        return Both(hosts, balancers, frozenset(host.name for host in place.hosts))

    @cached_property
    def _shelf(self) -> "Shelf":
        from deployers.ssh_shelf import Shelf

        return Shelf()

    @property
    def key_file(self) -> str:
        """Return the file of the private key for the targets."""
        named = self.settings.outside.ssh_private_key_file
        return str(named or Path.home() / ".ssh" / "id_ed25519")

    @cached_property
    def people(self) -> SlackPeople:
        """Return who may do what."""
        return self._people(Lookups)

    @cached_property
    def onlookers(self) -> SlackPeople:
        """Return the same people, as far as showing them something goes: what was asked a moment ago is remembered."""
        return self._people(partial(Remembered, monotonic=monotonic))

    def _people(self, lookups: Callable[..., Lookups]) -> SlackPeople:
        outside = self.settings.outside
        token = outside.slack_bot_token.get_secret_value() if outside.slack_bot_token else ""
        asked = lookups(token, base_url=outside.slack_api_url)
        return SlackPeople(asked, self.settings.roles, monotonic=monotonic, operators=self.settings.operators)

    @cached_property
    def queue(self) -> Queue:
        """Return what starts and wakes deployments."""
        return Queue(self.store)

    @cached_property
    def services(self) -> Services:
        """Return what commands may use."""
        return Services(
            store=self.store,
            environments=self.environments,
            repository=self.repository,
            preflight=github.preflight(self.settings, SshPreflight(self.looking)),
            people=self.people,
            engine=self.queue,
            now=self.clock,
            deployments_channel=self.settings.channels.deployments,
            alerts_channel=self.settings.channels.alerts,
            timezone=self.settings.app.timezone,
            ask_checks=self.ask_checks,
            learn=github.learn(self.settings),
            ask_pulls=github.ask_pulls(self.settings),
            ask_workflow=github.ask_workflow(self.settings, self.clock),
            ask_migrations=TargetMigrations(self.looking),
            ask_legacy=OldBackups(self.looking),
            warm=Warming(self.looking),
            checklists=self.posted,
            maintenance=self.settings.app.maintenance,
        )

    @property
    def posted(self) -> Posted:
        """Return the checklists, each with the channel of its first schedule."""
        channels = {each.checklist: each.channel for each in reversed(self.settings.schedules)}
        return Posted(self.settings.checklists, channels)

    @property
    def jobs(self) -> schedules.Jobs:
        """Return what the leader does besides deployments."""
        secrets, leads = partial(with_secrets, secrets=self.headers()), self.leader.epoch
        zone = ZoneInfo(self.settings.app.timezone)
        tools = Tools(self.remote, self.clock, secrets)
        sampler = schedules.Sampler(self.store, self.environments, self.clock, secrets)
        tells = github.shipping(self.settings, self.store, self.clock, leads)
        slots = schedules.Clockwork(self.store, self.settings.schedules, zone, self.clock, leads)
        checks = Checkups(self.store, self.posted, self.environments, tools, leads)
        maintenance = Maintenance(self.changes, self.environments, self.remote)
        guard = Guard(replace(self.conductor.crew, remote_for=self.remote), self.queue.start)
        homes = Keeper(self.store, self.clock, self.environments)
        return {
            **({"github": Job(tells, 5, (Deployment,))} if tells else {}),
            "clock": Job(clock_set.ClockSet(self.changes, self.clock).tick, 2),
            "expiries": Job(expiry.Expiries(self.changes).tick, REST),
            "slots": Job(slots.tick, REST, ticks=slots.ticks),
            "checks": Job(checks.work, REST, (ChecklistRun,)),
            "samples": Job(sampler.look, 60),
            "pace": Job(self._pace, REST, (Deployment, InboxRow)),
            "chores": Job(Chores(self.changes, self.environments, self.remote).tick, REST, (BackupRecord, DrillRecord)),
            "cooling": Job(Cooling(self.changes, self.environments, self.remote).tick, 30),
            "guard": Job(guard.tick, 30, (Deployment,), due=guard.until_next),
            "maintenance": Job(maintenance.tick, REST, (MaintenanceSwitch, Deployment), due=maintenance.until_next),
            "reminders": Job(Reminders(self.changes).tick, 60),
            "homes": Job(homes.look, REST, (Deployment, MaintenanceSwitch, HealthSample), apart=2),
        }

    @cached_property
    def leader(self) -> Leader:
        """Return our candidacy to lead."""
        return Leader(self.store, seat_for(self.store), self.clock, end=self.end, needed=self._busy)

    def _busy(self) -> bool:
        return self.conductor.busy()

    @cached_property
    def changes(self) -> Changes:
        """Return what opens changes while we lead."""
        channels = self.settings.channels
        return Changes(self.store, self.clock, self.leader.epoch, channels.deployments, channels.alerts)

    @cached_property
    def conductor(self) -> Conductor:
        """Return who conducts deployments."""
        crew = Crew(self.changes, self.environments, self.deploying, self.headers())
        zone = self.settings.app.timezone
        opening = Opening(
            self.changes,
            self.environments,
            self.repository,
            self.people,
            zone,
            self.ask_checks,
            github.ask_workflow(self.settings, self.clock),
        )
        return Conductor(crew, opening, Alone(crew, self.audit.spooled, self.audit.chain_in))

    @cached_property
    def engine(self) -> Engine:
        """Return the durable engine; launched only by the process that leads."""
        return Engine(self.store.url, self.conductor.conduct, partial(expiry.expire, self.changes), self.leader.lost)

    def launch(self) -> None:
        """Run deployments from here on, after what was done without the database is in the audit chain."""
        self.audit.chain_in()
        self.engine.launch()

    def _pace(self) -> None:
        with self.store.look() as session:
            since = self.clock() - PERHAPS_SOON
            busy = bool(deployments.unfinished(session)) or inbox.asked_since(session, since)
        self.engine.pace(busy=busy)

    def reconcile(self) -> None:
        """Queue again what the engine has lost."""
        lost.take_up(self.store, self.engine, self.queue, self.clock)

    def tidy(self) -> None:
        """Delete what is remembered of work that ended long ago: by the engine, and of checks on revisions."""
        before = self.clock() - REMEMBERED
        self.engine.forget(before)
        with self.store.begin() as session:
            checks.forget(session, before)

    def headers(self) -> Mapping[str, str]:
        """Return what `env:NAME` in a health header stands for."""
        return {f"env:{name}": secret.get_secret_value() for name, secret in self.settings.headers.items()}

    def operator(self) -> Person:
        """Return who types on this command line."""
        return self.people.operator(getpass.getuser())
