"""The sandbox's balancer stands in front of production and takes a reload as nginx does."""

from datetime import timedelta

import httpx
import pytest

from bot.sandbox.balancing import UPSTREAM, files_of
from bot.sandbox.bot_process import BotProcess
from bot.sandbox.front import Balanced, Front
from bot.sandbox.hosts import Hosts
from bot.sandbox.panel import Panel
from bot.sandbox.repository import build_repository
from deployers.balancers.nginx import NGINX
from deployers.balancers.port import Server
from deployers.environment import Balancer
from tests.contracts.sandbox_hosts_kit import eventually, run, unpack

VERSIONS = {"blue": "v2.2", "green": "v2.3"}


@pytest.fixture
def hosts(tmp_path):
    """Give a host whose two sides serve two releases, behind the balancer."""
    with Hosts(tmp_path, ("web1",), balanced=True) as running:
        repository, host = build_repository(tmp_path), running.host("web1")
        for colour, port in (("blue", host.port), ("green", host.candidate_port)):
            unpack(running, "web1", repository, VERSIONS[colour])
            line = f"cd app && ln -s releases/{VERSIONS[colour]} {colour} && svc colour start {colour} {port}"
            done = run(running, "web1", line)
            assert done.exit_code == 0, done
        run(running, "web1", "cd app && ln -s releases/v2.2 current")
        yield running


@pytest.fixture
def front(hosts):
    """Give visitors of the balancer."""
    host, balancer = hosts.host("web1"), hosts.balancer
    servers = {f"{host.address}:{port}": "web1" for port in (host.port, host.candidate_port)}
    behind = Balanced(balancer.name, servers)
    with Front({"lb1": (balancer.address, balancer.port)}, behind=behind, rate=100, timeout=20) as visiting:
        yield visiting


def configured(hosts, *options: str) -> Balancer:
    """Return the balancer as Shipmate's configuration would have it."""
    include, pid = (str(files_of(hosts.balancer.home)[name]) for name in ("include", "pid"))
    return Balancer(
        "nginx", include=include, pid=pid, upstream=UPSTREAM, test="lb test", reload="lb reload", options=options
    )


def servers(hosts, share: int) -> tuple[Server, ...]:
    """Return both sides, with so many percent for green."""
    host = hosts.host("web1")
    return (
        Server("web1", host.address, host.port, 100 - share, "blue"),
        Server("web1", host.address, host.candidate_port, share, "green"),
    )


def seen(front: Front, count: int = 60) -> dict[str, int]:
    """Return which versions visitors get who come from now on."""
    since = front.now()
    assert eventually(lambda: front.window(since).all.ok >= count)
    return dict(front.window(since).hosts["web1"].versions)


def test_visitors_are_sent_to_both_sides_by_weight_and_not_one_fails_at_the_reloads(hosts, front):
    """Everything that Shipmate sends to an nginx is understood here, and in force once its script ends."""
    assert set(seen(front, 20)) == {"v2.2"}
    for share, versions in ((25, {"v2.2", "v2.3"}), (100, {"v2.3"}), (0, {"v2.2"})):
        done = run(hosts, "lb1", NGINX.send(configured(hosts), servers(hosts, share)))
        assert done.exit_code == 0, done
        found = seen(front)
        assert set(found) == versions
        if share == 25:
            assert 0.15 < found["v2.3"] / sum(found.values()) < 0.35
            assert set(front.shares(0.0)) == {server.where for server in servers(hosts, share)}
    drained = run(hosts, "lb1", NGINX.drain(configured(hosts), servers(hosts, 0), timedelta(seconds=15)))
    assert drained.said.endswith("nobody is left")
    assert front.window().all.failed == 0


def test_an_upstream_that_is_wrong_is_refused_and_the_one_before_stays(hosts, front):
    done = run(hosts, "lb1", NGINX.send(configured(hosts, "least_conn"), servers(hosts, 100)))
    assert (done.exit_code, b"least_conn" in done.stderr) == (71, True)
    assert set(seen(front, 20)) == {"v2.2"}
    assert run(hosts, "lb1", NGINX.look(configured(hosts), servers(hosts, 100))).said == ""


def test_each_answer_is_a_line_in_the_log_and_a_server_that_is_gone_is_counted_there_alone(hosts, front):
    host = hosts.host("web1")
    run(hosts, "lb1", NGINX.send(configured(hosts), servers(hosts, 50)))
    assert run(hosts, "web1", "svc colour stop green").said == "green is stopped"
    assert set(seen(front)) == {"v2.2"}
    assert front.window().all.failed == 0
    lines = [line.split("\t") for line in files_of(hosts.balancer.home)["log"].read_text().splitlines()]
    gone, there = (f"{host.address}:{port}" for port in (host.candidate_port, host.port))
    assert [f"{gone}, {there}", "502, 200"] in [line[:2] for line in lines]


def test_sides_and_balancer_come_back_after_a_power_cut(hosts, front):
    host, balancer = hosts.host("web1"), hosts.balancer
    for machine in (host, balancer):
        machine.goes_away()
    assert host.serves is None
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{balancer.address}:{balancer.port}/", trust_env=False)
    for machine in (host, balancer):
        machine.comes_back()
    sides = (host.port, host.candidate_port)
    assert eventually(lambda: [host.serves_on(port) for port in sides] == ["v2.2", "v2.3"])
    assert eventually(lambda: (host.serves, balancer.serves) == ("v2.2", "v2.2"))


def test_it_is_no_host_of_the_application_and_reached_like_one(hosts):
    assert [host.name for host in hosts] == ["web1"]
    assert run(hosts, "lb1", "hostname; lb test && echo fine").said == "lb1\nfine"
    assert run(hosts, "web1", "lb test").exit_code == 127


def test_the_page_is_told_how_many_visitors_each_side_gets(hosts, front, tmp_path):
    run(hosts, "lb1", NGINX.send(configured(hosts), servers(hosts, 25)))
    seen(front, 400)
    panel = Panel(hosts, front, BotProcess(tmp_path, {}), is_connected=lambda: False)
    told = panel.told()["balancer"]
    panel.close()
    shares = {side["colour"]: (side["share"], side["version"]) for side in told["sides"]}
    assert (told["name"], told["failures"]) == ("lb1", 0)
    assert {colour: version for colour, (_, version) in shares.items()} == VERSIONS
    assert 10 < shares["green"][0] < 40
    assert sum(share for share, _ in shares.values()) in {99, 100, 101}
