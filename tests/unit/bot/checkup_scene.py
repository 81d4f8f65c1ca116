"""A check by the clock, its rows, and who does it."""

from dataclasses import replace
from datetime import timedelta

from bot.checkups import Checkups
from deployers.checklists import Checklist, Item, Posted, Task
from deployers.checkup.looking import Tools
from deployers.environment import Recipe
from deployers.findings import Found
from deployers.rehearsal import Outcome, Rehearsal
from storage import checklists, leadership, outbox
from storage.models import ChecklistRun
from tests.builders import NOW
from tests.unit.commands.world import environment

DAY = timedelta(days=1)
TASKS = (Task("Review pull requests", "@developers"), Task("Plan the week"))
ERRORS = "11 40 0\n2\n2 ERROR x\n"


class Scene:
    """A database, a rehearsed host, and a process that leads."""

    def __init__(self, store) -> None:
        self.store, self.now = store, NOW
        self.place = replace(
            environment("production"), recipe=Recipe("web", log="storage/app.log", queue_status="queue-status")
        )
        self.lists = {
            "daily": Checklist("daily", "Morning check", (Item("deployments"), Item("errors"), Item("queue"))),
            "weekly": Checklist("weekly", "Weekly check", (Item("locks"),), TASKS),
        }
        self.remotes: list[Rehearsal] = []
        self.prepare = lambda _: None
        self.leads()

    def leads(self) -> None:
        with self.store.begin() as session:
            self.epoch = leadership.lead(session, "here:1", self.now)

    def wants(self, key: str, checklist: str = "daily", schedule: str = "morning", **given) -> int:
        run = ChecklistRun(
            key=key,
            checklist=checklist,
            schedule=schedule,
            channel="deployments",
            due_at=self.now,
            wanted_at=self.now,
            **given,
        )
        with self.store.begin() as session:
            return checklists.want(session, run).number

    def works(self, *, epoch: int | None = None) -> int:
        token = self.epoch if epoch is None else epoch
        tools = Tools(self.remote, lambda: self.now)
        posted = Posted(self.lists)
        return Checkups(self.store, posted, {"production": self.place}, tools, lambda: token).work()

    def remote(self, _: object) -> Rehearsal:
        remote = Rehearsal()
        remote.says("awk", Outcome(output=ERRORS))
        remote.says("queue-status", Outcome(output="it runs\n"))
        self.prepare(remote)
        self.remotes.append(remote)
        return remote

    def run(self, number: int) -> ChecklistRun:
        with self.store.look() as session:
            return checklists.get(session, number)

    def findings(self, number: int) -> dict[str, Found]:
        return {it.probe: it for it in map(Found.read, self.run(number).findings)}

    def cards(self) -> list[str]:
        with self.store.look() as session:
            return [row.key for row in outbox.due(session, self.now + DAY)]

    def tasks(self, number: int) -> list[str]:
        with self.store.look() as session:
            return [it.text for it in checklists.points(session, checklists.get(session, number))]

    def ticks(self, text: str) -> None:
        with self.store.begin() as session:
            point = checklists.latest_point(session, "weekly", text)
            point.ticked_by, point.ticked_at = "U0ANA", self.now
            session.add(point)
