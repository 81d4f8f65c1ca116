"""App Homes: drawn from rows at the moment of sending, and drawn again while somebody may be looking."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from commands import home
from commands.errors import IdentityUnknown, Refused
from commands.services import People, Person, Services
from commands.views import home as view
from storage import homes
from storage.store import Store

RECENTLY = timedelta(hours=1)
"""How long after it was opened a home is kept up to date."""
APART = timedelta(seconds=1)
"""Between two people's homes, so that Slack allows it: about a hundred a minute."""
MOST = 30


class Onlookers(People, Protocol):
    """Who somebody is, and what they may do."""

    def person(self, user: str) -> Person:
        """Return the person; raises Refused for guests, strangers and bots, IdentityUnknown when it cannot be told."""
        ...


class Homes:
    """Draws what one person may see."""

    def __init__(self, services: Services, people: Onlookers) -> None:
        self._services = replace(services, people=people)
        self._people = people

    async def draw(self, user: str, *, patient: bool) -> dict[str, Any]:
        """Return somebody's App Home; with `patient`, raises IdentityUnknown when Slack cannot say who that is."""
        return await asyncio.to_thread(self._drawn, user, patient=patient)

    def _drawn(self, user: str, *, patient: bool) -> dict[str, Any]:
        try:
            return view.shown(home.look(self._services, self._people.person(user)))
        except Refused:
            return view.closed()
        except IdentityUnknown as unknown:
            if patient:
                raise
            return view.unsure(unknown.why)


class Keeper:
    """Has the homes that were opened lately drawn again when a deployment has changed; many changes are one."""

    def __init__(self, store: Store, clock: Callable[[], datetime], environments: Iterable[str]) -> None:
        self._store = store
        self._environments = tuple(environments)
        self._now = clock
        self._seen = ""

    def look(self) -> int:
        """Compare the rows with what was last shown; return how many homes are wanted again."""
        with self._store.look() as session:
            pulse = homes.pulse(session, self._environments)
        if pulse == self._seen:
            return 0
        with self._store.begin() as session:
            now = self._now()
            wanted = homes.want_again(session, since=now - RECENTLY, at=now, apart=APART, most=MOST)
        self._seen = pulse
        return wanted
