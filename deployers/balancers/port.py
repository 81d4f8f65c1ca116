"""What every kind of balancer can be told and asked, as scripts for its host; and what it is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from deployers.colours import BLUE, GREEN, has_colours, port_of
from deployers.environment import Balancer, Environment, Host

WHOLE = 100
"""The weight of a server that gets all that a server can get."""


@dataclass(frozen=True, slots=True)
class Server:
    """One place where the application answers, and how much of the visitors it gets."""

    host: str
    address: str
    port: int
    weight: int
    colour: str = ""

    @property
    def name(self) -> str:
        """Return what a balancer knows it by: `web1`, or `web1-green` where there are colours."""
        return f"{self.host}-{self.colour}" if self.colour else self.host

    @property
    def where(self) -> str:
        """Return where it answers, as one word."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Speech(Protocol):
    """How one kind of balancer is talked to: POSIX sh built from data, everything in it quoted."""

    def send(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Return the script that puts this whole state into force, or puts the one before back and fails."""
        ...

    def drain(self, balancer: Balancer, servers: Sequence[Server], limit: timedelta) -> str:
        """Return the script that waits until nobody is left on servers without weight; a timeout is told only."""
        ...

    def look(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Return the read-only script that says what stands in the way, a line each; nothing when it is ready."""
        ...


def state(environment: Environment, colour: str, *, share: int = 100, out: Collection[str] = ()) -> tuple[Server, ...]:
    """Return every server with its weight: `share` percent to this colour, the rest to the other, nobody to `out`."""
    alone = environment.balancer is not None and not environment.balancer.hosts
    return tuple(
        Server(
            host.name,
            "127.0.0.1" if alone else host.address,
            port_of(host, side),
            0 if host.name in out else share if side in ("", colour) else WHOLE - share,
            side,
        )
        for host in environment.machines
        for side in ((BLUE, GREEN) if has_colours(environment) else ("",))
    )


def on(servers: Sequence[Server], environment: Environment, host: Host) -> tuple[Server, ...]:
    """Return the servers that the balancer on this host has behind it: its own alone, where each host has one."""
    if environment.balancer and environment.balancer.hosts:
        return tuple(servers)
    return tuple(server for server in servers if server.host == host.name)


WAIT = """\
set -eu
until=$(($(date +%s) + LIMIT)) before=
while :; do
    left=$(active) || left=unknown
    [ "$left" = 0 ] && { echo 'nobody is left'; exit 0; }
    [ "$left" = "$before" ] || echo "$left left"
    before=$left
    [ "$(date +%s)" -ge "$until" ] && { echo "gone on after LIMIT s with $left left"; exit 0; }
    sleep 0.2
done
"""
"""Waits on a shell function `active` that prints how many are left."""


def waiting(active: str, limit: timedelta) -> str:
    """Return the script that waits until the shell function prints 0, at most so long."""
    return "\n".join((active, WAIT.replace("LIMIT", str(max(0, round(limit.total_seconds()))))))
