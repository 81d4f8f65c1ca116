"""The stories that the sandbox can play by itself, with what people must see in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from bot.sandbox.github.shapes_runs import title
from bot.sandbox.github.team import Team
from bot.sandbox.world import World


class Broken(AssertionError):
    """Something that the story promises was not seen."""


@dataclass
class Teller:
    """Plays one story and tells what people see, with the seconds since it began."""

    world: World
    show: Callable[[float, str], None]
    began: float = field(default_factory=monotonic)

    def tell(self, line: str) -> None:
        """Say what happens."""
        self.show(monotonic() - self.began, line)

    def says(self, person: str, text: str) -> None:
        """Have somebody type."""
        self.tell(f"{person} types   {text}")
        self.world.slack.says(person, text)

    def presses(self, person: str, label: str, within: str = "#deployments") -> None:
        """Have somebody press a button, and its confirm dialog."""
        dialog = self.world.slack.presses(person, label, within=within, timeout=60)
        asked = f", and confirms “{' '.join(dialog.split())}”" if dialog else ""
        self.tell(f"{person} presses [{label}]{asked}")

    def sees(self, channel: str, text: str, seconds: float = 180) -> str:
        """Demand that a channel shows a text, and return the message."""
        try:
            message = self.world.slack.eventually_shows(channel, text, timeout=seconds)
        except AssertionError as error:
            raise Broken(f"#{channel} never showed “{text}”.\n{error}") from error
        self.tell(f"#{channel} shows “{text}”")
        return message.words

    def is_told(self, person: str, text: str, seconds: float = 60) -> None:
        """Demand that only this person is shown a text."""
        try:
            self.world.slack.eventually_tells(person, text, timeout=seconds)
        except AssertionError as error:
            raise Broken(f"{person} was never told “{text}”.\n{error}") from error
        self.tell(f"{person} alone reads “{text}”")

    def serves(self, version: str, *hosts: str) -> None:
        """Demand that hosts answer with a version."""
        for name in hosts:
            found = self.world.host(name).serves
            if found != version:
                raise Broken(f"{name} serves {found}, not {version}")
        self.tell(f"{' and '.join(hosts)} serve{'s' if len(hosts) == 1 else ''} {version}")


def seed(teller: Teller) -> None:
    """Ship v2.1 and v2.2, so that there is something to go forward from and something to go back to."""
    deploys(teller, "v2.1")
    deploys(teller, "v2.2")


def deploys(teller: Teller, version: str) -> None:
    """Ship one good release to production, from the slash command to the verdict."""
    teller.says("ana", f"/deploy production {version}")
    teller.presses("ben", "Approve")
    teller.sees("deployments", f"deployed `{version}` to *production*")
    teller.serves(version, "web1", "web2")


def deploy(teller: Teller) -> None:
    """Ship v2.3: asked by ana, approved by ben, watched by everybody."""
    since = teller.world.front.now()
    teller.says("gus", "/deploy production v2.3")
    teller.is_told("gus", "I take nothing from")
    deploys(teller, "v2.3")
    no_outage(teller, since)


def sick_release(teller: Teller) -> None:
    """Ship v2.4, which turns sick on the first host, and watch it come back by itself."""
    teller.says("ana", "/deploy production v2.4")
    teller.presses("ben", "Approve")
    teller.sees("deployments", "rolled back")
    teller.sees("alerts", "v2.4")
    teller.serves("v2.2", "web1", "web2")


def rollback(teller: Teller) -> None:
    """Go back by one command, to the release that served well before."""
    teller.says("ana", "/rollback latest production")
    teller.is_told("ana", "Roll back production to v2.1?")
    teller.presses("ana", "Roll back production to v2.1", within="private")
    teller.sees("deployments", "production serves `v2.1` again")
    teller.serves("v2.1", "web1", "web2")


def github(teller: Teller) -> None:
    """Ship v2.3 through a workflow run on GitHub, whose checks are asked for first."""
    teller.says("ana", "/deploy staging v2.3")
    teller.sees("deployments", "deployed `v2.3` to *staging*")
    teller.serves("v2.3", "staging1")
    teller.tell(f"GitHub ran {ran(teller)}")


def github_failure(teller: Teller) -> None:
    """Ship v2.2 through GitHub, then v2.3, whose run fails: the good release is shipped again by itself."""
    team = team_of(teller)
    teller.says("ana", "/deploy staging v2.2")
    teller.sees("deployments", "deployed `v2.2` to *staging*")
    team.fails_to_ship()
    teller.says("ana", "/deploy staging v2.3")
    teller.world.slack.eventually(lambda: len(team.hub.runs) == 2, 60, "a second run")
    team.ships_well()
    teller.sees("deployments", "rolled back")
    teller.serves("v2.2", "staging1")
    teller.tell(f"GitHub ran {ran(teller)}")


def team_of(teller: Teller) -> Team:
    """Return how the team of this world uses GitHub."""
    if teller.world.github is None:
        raise Broken("nobody is on GitHub in this world")
    return teller.world.github


def ran(teller: Teller) -> str:
    """Return what GitHub ran, oldest first."""
    hub = team_of(teller).hub
    return ", then ".join(f"“{title(run)}”: {hub.progress(run).conclusion}" for run in hub.runs)


def no_outage(teller: Teller, since: float) -> None:
    """Demand that no visitor was turned away."""
    seen = teller.world.front.window(since)
    hosts = [it for name, it in seen.hosts.items() if not name.startswith("staging")]
    failed, asked = sum(it.failed for it in hosts), sum(it.asked for it in hosts)
    if failed:
        raise Broken(f"{failed} of {asked} requests of visitors failed meanwhile")
    teller.tell(f"visitors asked {asked} times meanwhile, and not one request failed")


STORIES: dict[str, Callable[[Teller], None]] = {
    "deploy": deploy,
    "sick-release": sick_release,
    "rollback": rollback,
    "github": github,
    "github-failure": github_failure,
}


def names() -> Iterator[str]:
    """Return the names of the stories."""
    yield from STORIES
