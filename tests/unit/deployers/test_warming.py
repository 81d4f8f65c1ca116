"""While somebody reads a question, the targets are reached; whoever is away stops nobody."""

from threading import Event

from deployers.errors import Unreachable
from deployers.ports import Answer
from deployers.warming import Warming
from tests.unit.deployers.worlds import environment


def test_every_target_is_reached_in_the_background_and_the_connections_are_left():
    asked, closed = set(), Event()

    class Remote:
        def ask(self, host, script):
            asked.add(host.name)
            if host.name == "web2":
                raise Unreachable("web2", "no route")
            return Answer(0, "")

        def close(self):
            closed.set()

    Warming(lambda _: Remote())(environment(3))
    assert closed.wait(30)
    assert asked == {"web1", "web2", "web3"}
