"""What goes wrong besides kills: connections to hosts that drop, Slack in bad shape, PostgreSQL started anew."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from threading import Event, Thread

from bot.sandbox.slack.faults import Kind
from bot.sandbox.world import World
from tests.system.cluster import Cluster

HOW_OFTEN = 0.5
"""In so many of the stories something goes wrong besides."""
SOON, LONG = 6.0, 3.0
"""At most so many seconds after a story began, and for so many seconds."""
SLACK = {
    "Slack answered 429": Kind.RATE_LIMITED,
    "Slack answered 503": Kind.SERVER_ERROR,
    "Slack took requests and did not answer": Kind.HANG,
    "Slack took no connection": Kind.REFUSE,
    "Slack's replies were lost": Kind.LOST_REPLY,
}

Trick = Callable[[], None]


@dataclass
class Mischief:
    """Plays one trick or none while a story is played, and counts them."""

    tricks: Mapping[str, Trick]
    random: Random
    played: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def about(self) -> Iterator[None]:
        """Let something go wrong at a drawn instant of what is done meanwhile, or nothing."""
        if not self.tricks or self.random.random() >= HOW_OFTEN:
            yield
            return
        name = self.random.choice(sorted(self.tricks))
        after, over, trouble = self.random.uniform(0, SOON), Event(), list[BaseException]()

        def work() -> None:
            try:
                if not over.wait(after):
                    self.tricks[name]()
                    self.played[name] += 1
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                trouble.append(error)

        thread = Thread(target=work, name="mischief")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        for error in trouble:
            raise error


def tricks(world: World, cluster: Cluster | None, random: Random) -> dict[str, Trick]:
    """Return what can go wrong in a world; the server of its database is started anew if there is one."""

    def drops(host: str) -> Trick:
        return lambda: world.host(host).drops_connections()

    def fails(kind: Kind) -> Trick:
        return lambda: world.server.faults.add(kind, seconds=random.uniform(0.5, LONG))

    found = {f"connections to {host.name} dropped": drops(host.name) for host in world.hosts}
    found |= {name: fails(kind) for name, kind in SLACK.items()}
    return found | ({"PostgreSQL died and was started": cluster.restart} if cluster else {})
