"""A network of its own, reached over wires that can be cut: packets are lost then, and nobody is told."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from uuid import uuid4

from tests.needed import needed

CANNOT = "no network namespaces can be made here (root, iproute2 and CAP_NET_ADMIN are needed)"


@dataclass(frozen=True, slots=True)
class Wire:
    """A pair of interfaces: one here, one on the island."""

    name: str
    island: str
    number: int

    @property
    def address(self) -> str:
        """Return the island's address on this wire."""
        return f"10.77.{self.number}.2"

    def lay(self) -> None:
        """Connect both sides."""
        _ip("link", "add", f"{self.name}h", "type", "veth", "peer", "name", f"{self.name}i")
        _ip("link", "set", f"{self.name}i", "netns", self.island)
        _ip("addr", "add", f"10.77.{self.number}.1/30", "dev", f"{self.name}h")
        _ip("-n", self.island, "addr", "add", f"{self.address}/30", "dev", f"{self.name}i")
        for where in ((), ("-n", self.island)):
            _ip(*where, "link", "set", f"{self.name}{'i' if where else 'h'}", "up")

    def cut(self) -> None:
        """Lose everything in both directions from now on."""
        _ip("-n", self.island, "link", "set", f"{self.name}i", "down")

    def lose_replies(self) -> None:
        """Lose what comes from the island from now on; what goes there arrives."""
        nobody = ("lladdr", "02:00:00:00:00:01", "nud", "permanent")
        _ip("-n", self.island, "neigh", "replace", f"10.77.{self.number}.1", *nobody, "dev", f"{self.name}i")

    def find_replies(self) -> None:
        """Let what comes from the island through again."""
        _ip("-n", self.island, "neigh", "del", f"10.77.{self.number}.1", "dev", f"{self.name}i")

    def mend(self) -> None:
        """Let everything through again."""
        _ip("-n", self.island, "link", "set", f"{self.name}i", "up")


@dataclass(frozen=True, slots=True)
class Island:
    """A network namespace with wires to it."""

    name: str
    wires: tuple[Wire, ...]

    @property
    def within(self) -> tuple[str, ...]:
        """Return the beginning of a command that runs the rest of it there."""
        return ("ip", "netns", "exec", self.name)


@contextmanager
def island(wires: int) -> Iterator[Island]:
    """Make an island; where that is impossible the test says so, and in CI that is a failure."""
    name = f"sm{uuid4().hex[:6]}"
    made = Island(name, tuple(Wire(f"{name}{number}", name, number) for number in range(1, wires + 1)))
    try:
        _ip("netns", "add", name)
        try:
            _ip("-n", name, "link", "set", "lo", "up")
            for wire in made.wires:
                wire.lay()
        except subprocess.CalledProcessError:
            _remove(made)
            raise
    except (OSError, subprocess.CalledProcessError) as error:
        needed(None, f"{CANNOT}: {error}")
    try:
        yield made
    finally:
        _remove(made)


def _remove(made: Island) -> None:
    for wire in made.wires:
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", f"{wire.name}h")
    _ip("netns", "del", made.name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)
