"""A stage whose recipe can keep visitors out, and who looks after that."""

from dataclasses import replace
from datetime import timedelta

from bot.maintenance import Maintenance, Move
from storage import audit, locks, maintenance, outbox
from storage.models import MaintenanceSwitch, Saying, Status
from tests.unit.bot.stage import Rows, Stage
from tests.unit.deployers.worlds import LARAVEL, environment

HALF_AN_HOUR = timedelta(minutes=30)
TOLD = replace(LARAVEL, maintenance_on=("php artisan down {message}",))
BY_HAND = replace(TOLD, maintenance_in_deployments=False)


class House:
    """A stage whose recipe can keep visitors out, and who looks after that."""

    def __init__(self, folder, recipe=TOLD) -> None:
        self.stage = Stage(folder, environment(2, recipe=recipe))
        self.remote = self.stage.remote
        self.keeper = self.keeps()
        self.wishes = 0

    def keeps(self, rows: Rows | None = None) -> Maintenance:
        changes = replace(self.stage.changes, store=rows or self.stage.store)
        return Maintenance(changes, {"production": self.stage.where}, lambda _: self.remote)

    def wants(self, *, on: bool = True, message: str = "", lasts: timedelta = HALF_AN_HOUR) -> MaintenanceSwitch:
        self.wishes += 1
        switch = MaintenanceSwitch(
            key=f"k{self.wishes}",
            environment="production",
            keeps_out=on,
            by="U0OMAR",
            name="omar",
            message=message,
            asked_at=self.stage.now,
            until=self.stage.now + lasts if on else None,
            changed_at=self.stage.now,
        )
        with self.stage.store.begin() as session:
            return maintenance.want(session, switch)

    def works(self) -> list[Move]:
        """Let the leader look until there is nothing more to do."""
        done = []
        while (did := self.keeper.once("production")) not in (Move.WAIT, Move.FOLLOW):
            done.append(did)
        return done

    def later(self, **passed: float) -> None:
        self.stage.now += timedelta(**passed)

    def newest(self) -> MaintenanceSwitch:
        with self.stage.store.look() as session:
            return maintenance.newest(session, "production")

    def said(self, kind: Saying = Saying.POST) -> list[str]:
        with self.stage.store.look() as session:
            rows = outbox.due(session, self.stage.now + timedelta(days=1))
        return [row.payload["text"] for row in rows if row.kind is kind and "maintenance" in row.key]

    def audited(self) -> list[tuple[str, str]]:
        with self.stage.store.look() as session:
            entries = audit.about(session, "environment:production")
        return [(it.actor, it.action) for it in entries]

    def ran(self, command: str) -> list[str]:
        return sorted(it.split("$")[0] for it in self.remote.lines if command in it)


def held(house: House, status: Status):
    """Let a deployment hold the environment."""
    deployment = house.stage.asks()
    with house.stage.store.begin() as session:
        deployment.advance(status, at=house.stage.now)
        session.add(deployment)
        locks.take(session, "production", deployment.number, 1, house.stage.now)
    return deployment
