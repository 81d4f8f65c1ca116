"""Blue-green and rolling behind real balancers over real sshd: nobody who visits meanwhile is lost, either way."""

import os
import socket
from threading import Thread
from time import sleep

import pytest

from benchmarks import zero_downtime as bench
from benchmarks.balanced import Balanced, Kind, balanced, missing
from benchmarks.load import WRK, Load
from tests.system.sshd import needed

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]
A_FEW = 2_000
_STOPPED = "SELECT state FROM step WHERE deployment_id = ? AND kind = 'colour_stop'"
_BROUGHT_UP = (
    "SELECT 1 FROM step JOIN deployment ON deployment.id = deployment_id"
    " WHERE step.kind = 'colour_start' AND strategy = 'blue-green'"
)
PROMISED = [case for case in bench.CASES if case.promised]


def demanded(kind: Kind) -> None:
    """Skip where a program is missing; in CI that is a failure."""
    needed()
    why = missing(kind) or ("" if WRK else "wrk is missing: apt install wrk")
    if why:
        pytest.fail(why) if os.environ.get("CI") else pytest.skip(why)


@pytest.mark.parametrize("case", PROMISED, ids=lambda case: case.name)
def test_a_release_and_the_way_back_from_it_cost_nobody_anything(case):
    demanded(case.kind)
    for name, measured in bench.shipped(case, A_FEW).items():
        assert measured.told.requests >= A_FEW
        assert (measured.told.lost, measured.stale) == (0, 0), f"{name}: {measured.told}"


def test_a_balancer_that_refuses_changes_nothing_and_the_other_side_is_stopped_again(tmp_path):
    kind = Kind("nginx")
    demanded(kind)
    with balanced(tmp_path, kind) as world:
        world.ships("r1", "rolling")
        served = world.running.folder / "shipmate" / "app.conf"
        before = served.read_text()
        Thread(target=nginx_refuses, args=(world,), daemon=True).start()
        load = Load(world.running.url, kept=False)
        try:
            number = world.tries("r2", "blue-green")
        finally:
            told = load.stop()
        world.ended(number, "failed")
        failed = world.rows.ask("SELECT failure FROM deployment WHERE id = ?", number)[0][0]
        assert "nginx" in str(failed)
        assert served.read_text() == before
        assert told.lost == 0
        assert len(told.seen) == 1
        assert [it[0] for it in world.rows.ask(_STOPPED, number)] == ["succeeded", "succeeded"]
        assert not any(port_is_open(green) for _, green in world.ports.values())


def nginx_refuses(world: Balanced) -> None:
    """Break something else in nginx's configuration once green is brought up, as somebody else on its host might."""
    while not world.rows.ask(_BROUGHT_UP):
        sleep(0.1)
    other = world.running.folder / "shipmate" / "other.conf"
    other.write_text("nonsense;\n")


def port_is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
