"""The outbox of a house: messages put into it, a delivery that sends them, and what became of each."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any

from sqlmodel import select

from bot.sandbox.slack import SlackThread
from storage import audit, deployments, outbox
from storage.models import OutboxRow, OutboxState, Saying
from storage.store import Store
from tests.builders import a_deployment, stored
from tests.contracts.slack_house import House, Refs, Time, delivery


@asynccontextmanager
async def delivering(store: Store, slack: SlackThread, *, rest: float = 0.2, **more: Any):
    house = House(slack, store, Time(), Refs(), **more)
    house.delivery = delivery(house, rest)
    running = asyncio.create_task(house.delivery.run())
    try:
        yield house
    finally:
        await house.delivery.stop(seconds=1)
        await running
        for each in house.calls:
            await each.close()


def say(house: House, kind: Saying, key: str, **more: Any) -> int:
    now = house.time.now()
    row = OutboxRow(kind=kind, key=key, next_at=now, created_at=now, **more)
    with house.store.begin() as session:
        number = outbox.say(session, row).id
    house.delivery.wake()
    return number


def card(house: House, change: Callable[[Any], None] = lambda _: None, number: int | None = None) -> int:
    """Store a deployment (or change one) and want its card."""
    with house.store.begin() as session:
        deployment = stored(session, a_deployment()) if number is None else deployments.get(session, number)
        change(deployment)
        outbox.card(session, deployment, channel="deployments", at=house.time.now())
        number = deployment.number
    house.delivery.wake()
    return number


def row(house: House, key: str) -> OutboxRow:
    with house.store.look() as session:
        return session.exec(select(OutboxRow).where(OutboxRow.key == key)).one()


def acts(house: House) -> list[tuple[str, str]]:
    with house.store.look() as session:
        return [(entry.action, entry.detail["why"]) for entry in audit.newest(session)]


async def delivered(house: House, key: str) -> OutboxRow:
    await house.until(lambda: row(house, key).state is OutboxState.DELIVERED, f"{key} delivered")
    return row(house, key)


async def given_up(house: House, key: str) -> OutboxRow:
    await house.until(lambda: row(house, key).state is OutboxState.GIVEN_UP, f"{key} given up")
    return row(house, key)
