"""Balancers: what stands in front of the application hosts, told in one go where visitors are to be sent."""

from deployers.balancers import commands, haproxy, nginx
from deployers.balancers.port import Server, Speech, state
from deployers.environment import Balancer

__all__ = ["Server", "Speech", "speech", "state"]

_KINDS: dict[str, Speech] = {"nginx": nginx.NGINX, "haproxy": haproxy.HAPROXY, "commands": commands.COMMANDS}


def speech(balancer: Balancer) -> Speech:
    """Return how a balancer of this kind is talked to."""
    return _KINDS[balancer.kind]
