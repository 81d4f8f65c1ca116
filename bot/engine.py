"""Runs deployments as durable workflows of DBOS Transact, and brings them back after a crash."""

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import uuid4

from dbos import DBOS, DBOSClient, DBOSConfig, _workflow_commands

from deployers.errors import Fenced
from storage.errors import StoreUnavailable
from storage.models import Deployment, Status
from storage.store import Session, Store

NAME = "shipmate"
DEPLOYMENTS, TIMERS = "deployments", "timers"
# Constants: a new one would strand running work at an upgrade and block its environment.
VERSION, EXECUTOR = "1", "shipmate"
RECOVERIES = 1_000_000
LOGGER = "dbos"
AT_ONCE = 200
"""So many of the engine's old rows are deleted at a time."""

log = logging.getLogger(__name__)


JOBS = 3.0
"""Seconds between two looks for requests that have expired."""


def patiently(do: Callable[[], str], pause: Callable[[float], object]) -> str:
    """Do something that may be done again, until the database is there for it."""
    seconds = 0.5
    while True:
        try:
            return do()
        except StoreUnavailable as error:
            log.warning("the database is away; waiting for it", extra={"why": str(error)})
            pause(seconds)
            seconds = min(2 * seconds, 5)


def workflow_id(number: int) -> str:
    """Return the id of the workflow that runs a deployment."""
    return f"deployment-{number}"


class Queue:
    """What any process uses to start, expire and wake deployments: rows of the engine, in the caller's transaction."""

    def __init__(self, store: Store) -> None:
        """Connect to the engine's tables beside ours; they must exist (`shipmate migrate`)."""
        self._client = DBOSClient(system_database_url=store.url, application_name=NAME, lazy=True)

    def expires(self, session: Session, deployment: Deployment) -> None:
        """Start the durable timer that expires the request at `expires_at`."""
        if deployment.expires_at is None:
            return
        delay = max(timedelta(0), deployment.expires_at - deployment.requested_at)
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": "expiry",
                "queue_name": TIMERS,
                "workflow_id": f"expiry-{deployment.number}",
                "app_version": VERSION,
                "delay_seconds": delay.total_seconds(),
            },
            deployment.number,
        )

    def start(self, session: Session, deployment: Deployment) -> None:
        """Queue the deployment behind the others of its environment."""
        self._enqueue(session, deployment, workflow_id(deployment.number), deployment.environment)

    def nudge(self, session: Session, deployment: Deployment) -> None:
        """Run on after an unknown step was resolved; one that runs finds in its rows what people want of it."""
        if deployment.status is Status.UNKNOWN:
            self.again(session, deployment)

    def again(self, session: Session, deployment: Deployment) -> None:
        """Run a deployment on that has lost its workflow; its rows and its hosts know how far it came."""
        # A place of its own: the queue's may be taken by one that waits for this deployment to end.
        place = f"{deployment.environment}#{deployment.number}"
        self._enqueue(session, deployment, f"{workflow_id(deployment.number)}-{uuid4().hex[:8]}", place)

    def close(self) -> None:
        """Disconnect."""
        self._client.destroy()

    def _enqueue(self, session: Session, deployment: Deployment, name: str, place: str) -> None:
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": "deployment",
                "queue_name": DEPLOYMENTS,
                "workflow_id": name,
                "app_version": VERSION,
                "queue_partition_key": place,
            },
            deployment.number,
        )


QUICK, SOON, SLOW, SELDOM = 0.2, 1.0, 2.0, 10.0
"""Seconds between two looks into a queue: while something may come any moment, at rest, and where nothing comes."""


@dataclass(slots=True)
class Engine:
    """The one active executor; launched only by the process that leads."""

    url: str
    conduct: Callable[[int], str]
    """Takes a deployment to its end from wherever its rows and hosts say that it is."""
    expire: Callable[[int], str]
    lost: Callable[[str], None]
    """Called when somebody else leads; ends the process."""
    pause: Callable[[float], object] = threading.Event().wait
    _here: list[int] = field(default_factory=list)
    """The deployments whose workflows run in this process."""
    _queue: Any = None
    _timers: Any = None
    _busy: bool = True

    def launch(self) -> None:
        """Start running what is queued, and go on with what a crash interrupted."""
        quiet()
        _calm(DBOS(config=_config(self.url)))
        self._register()
        DBOS.launch()
        self._queue = DBOS.register_queue(
            DEPLOYMENTS, partition_concurrency=1, polling_interval_sec=QUICK, on_conflict="always_update"
        )
        self._timers = DBOS.register_queue(TIMERS, polling_interval_sec=SOON, on_conflict="always_update")

    def pace(self, *, busy: bool) -> None:
        """Look into the queues often while a deployment is under way or asked for, and seldom at rest."""
        if self._queue is not None and busy != self._busy:
            self._queue.set_polling_interval_sec(QUICK if busy else SLOW)
            self._timers.set_polling_interval_sec(SOON if busy else SELDOM)
            self._busy = busy

    def runs(self, number: int) -> bool:
        """Say whether a workflow of this deployment waits, or runs in this process."""
        return number in self._here or bool(_open(number, "ENQUEUED", "DELAYED"))

    def drop(self, number: int) -> None:
        """Have nobody resume what a leader took from the queue in the moment in which it was deposed."""
        for name in _open(number, "PENDING"):
            DBOS.cancel_workflow(name)

    def forget(self, before: datetime) -> int:
        """Delete what ended before then, some at a time, and return how many; what happened is told by our own rows."""
        over = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
        found = DBOS.list_workflows(
            status=over, completed_before=before.isoformat(), limit=AT_ONCE, load_input=False, load_output=False
        )
        if found:
            DBOS.delete_workflows([one.workflow_id for one in found])
        return len(found)

    def _register(self) -> None:
        # No steps: what was done is in our rows and on the hosts, and a workflow that is run again reads it there.
        @DBOS.workflow(name="deployment", max_recovery_attempts=RECOVERIES)
        def deployment(number: int) -> str:
            self._here.append(number)
            try:
                return self._leading(lambda: self.conduct(number))
            finally:
                self._here.remove(number)

        @DBOS.workflow(name="expiry", max_recovery_attempts=RECOVERIES)
        def expiry(number: int) -> str:
            return self._leading(lambda: patiently(lambda: self.expire(number), self.pause))

    def _leading(self, do: Callable[[], str]) -> str:
        try:
            return do()
        except Fenced as error:
            # The process has to end before the engine remembers this as the workflow's outcome.
            self.lost(str(error))
            raise

    def stop(self) -> None:
        """Stop taking up work; what runs is left to the next start, and resumed there."""
        DBOS.destroy(destroy_registry=True)


def _open(number: int, *status: str) -> list[str]:
    """Return the workflows of a deployment that are in one of these states."""
    prefix = workflow_id(number)
    found = DBOS.list_workflows(status=list(status), workflow_id_prefix=prefix, load_input=False, load_output=False)
    names = [one.workflow_id for one in found]
    return [name for name in names if name == prefix or name.startswith(f"{prefix}-")]


def migrate(url: str) -> None:
    """Create or upgrade the engine's own tables."""
    quiet()
    DBOS.migrate(system_database_url=url)


def quiet() -> None:
    """Keep the engine's chatter out of the log."""
    os.environ.setdefault("DBOS_LOG_LEVEL", "WARNING")
    logging.getLogger(LOGGER).setLevel(logging.WARNING)


def _calm(engine: Any) -> None:
    """Have it seldom look for what we never ask it for, and for timers that are over: no setting tells it to."""
    engine._registry.get_internal_queue()._polling_interval_sec = SELDOM  # noqa: SLF001 - see above
    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = JOBS  # noqa: SLF001 - see above


def _config(url: str) -> DBOSConfig:
    config: dict[str, Any] = {
        "name": NAME,
        "system_database_url": url,
        "application_version": VERSION,
        "executor_id": EXECUTOR,
        "log_level": "WARNING",
        "run_migrations": True,
        # We neither send messages between workflows nor have it run any by the clock.
        "notification_listener_polling_interval_sec": 1.0,
        "scheduler_polling_interval_sec": 3600.0,
        "max_executor_threads": 64,
    }
    return cast("DBOSConfig", config)
