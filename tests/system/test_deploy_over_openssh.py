"""The whole product over OpenSSH's own sshd: the slash command, the verdict and the way back."""

import sys

import pytest

from bot.sandbox.configuration import Pace
from bot.sandbox.stories import Teller, rollback, seed, sick_release
from bot.sandbox.world import Tuning
from bot.trying import manifest
from tests.system.openssh_world import OpenSshWorld
from tests.system.sshd import needed

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture
def world(tmp_path):
    needed()
    with OpenSshWorld(tmp_path / "state", Tuning(manifest=manifest(), pace=Pace("2s", "200ms", "30m"))) as world:
        yield world
        sys.stdout.write(world.slack.transcript()[-6000:])
        sys.stdout.write(world.bot.log.read_text()[-4000:])


def quietly(_at: float, _line: str) -> None:
    """Show nothing; what was said is printed when the test fails."""


def test_openssh_hosts_are_deployed_to_come_back_from_a_sick_release_and_go_back_by_command(world):
    """One story, because every chapter needs the one before it."""
    teller = Teller(world, quietly)
    seed(teller)
    for name in ("web1", "web2"):
        log = (world.servers[name].folder / "log").read_text()
        assert "Accepted publickey" in log, f"{name} was not reached through sshd"
        assert (world.host(name).home / "app" / "current").is_symlink()

    sick_release(teller)
    rollback(teller)
