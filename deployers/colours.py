"""Colours: the two sides of an environment, of which one serves and the other is free for what comes next."""

from dataclasses import replace

from deployers.environment import Environment, Host

BLUE, GREEN = "blue", "green"
SWITCHING = ("blue-green", "canary")
"""Strategies that bring a release to the side that does not serve, and then send visitors there."""


def has_colours(environment: Environment) -> bool:
    """Say whether an environment has two sides: a balancer in front, and a recipe that can serve either."""
    return environment.balancer is not None and bool(environment.recipe.colour_start)


def other(colour: str) -> str:
    """Return the other side."""
    return BLUE if colour == GREEN else GREEN


def switches(kind: str, strategy: str) -> bool:
    """Say whether a release goes to the side that does not serve.

    A person's rollback does, whatever the strategy: the old release is brought up beside the one that serves.
    """
    return kind == "rollback" or strategy in SWITCHING


def colour_for(environment: Environment, *, switches: bool, live: str) -> str:
    """Return the side that a release goes to, while `live` serves; nothing where there are no sides."""
    if not has_colours(environment):
        return ""
    return other(live or BLUE) if switches else live or BLUE


def port_of(host: Host, colour: str) -> int:
    """Return the port on which a side answers."""
    return host.candidate_port if colour == GREEN else host.port


def faced(environment: Environment, colour: str) -> Environment:
    """Return the environment as it is to be asked: every host by the port of this side."""
    if not colour or environment.place is None:
        return environment
    hosts = tuple(replace(host, port=port_of(host, colour)) for host in environment.place.hosts)
    return replace(environment, place=replace(environment.place, hosts=hosts))
