"""The two sides of a canary: which processes, ports and addresses belong to which."""

from dataclasses import dataclass

from deployers.colours import other, port_of
from deployers.comparing import prometheus
from deployers.environment import Environment, Host
from deployers.plan import Plan, Step

CANARY, STABLE = "canary", "stable"
_HERE = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Sides:
    """Hosts with the port on which each side answers there."""

    canary: tuple[tuple[Host, int], ...]
    stable: tuple[tuple[Host, int], ...]

    def addresses(self, side: str, seen_from: Host) -> frozenset[str]:
        """Return what a balancer's log calls the servers of a side; a host may call itself by its loopback."""
        found = set()
        for host, port in self.canary if side == CANARY else self.stable:
            found.add(f"{host.address}:{port}")
            if host.name == seen_from.name:
                found.update(f"{here}:{port}" for here in _HERE)
        return frozenset(found)


def sides(environment: Environment, plan: Plan, step: Step) -> Sides:
    """Return both sides: of two colours on every host, or of the targets that have the release and the others."""
    everyone = environment.machines
    if plan.colour:
        rest = other(plan.colour)
        return Sides(
            tuple((host, port_of(host, plan.colour)) for host in everyone),
            tuple((host, port_of(host, rest)) for host in everyone),
        )
    return Sides(
        tuple((host, host.port) for host in everyone if host.name in step.targets),
        tuple((host, host.port) for host in everyone if host.name not in step.targets),
    )


def values(environment: Environment, plan: Plan, both: Sides, replaced: str) -> dict[str, dict[str, str]]:
    """Return what fills the placeholders of a query, by side; `replaced` is the release that served before."""
    told = {
        CANARY: (both.canary, plan.colour, plan.release, plan.sha),
        STABLE: (both.stable, other(plan.colour) if plan.colour else "", replaced, plan.replaces),
    }
    return {
        side: {
            "side": side,
            "colour": colour,
            "hosts": prometheus.hosts(tuple(host.name for host, _ in places)),
            "release": release,
            "sha": sha,
            "environment": environment.name,
        }
        for side, (places, colour, release, sha) in told.items()
    }
