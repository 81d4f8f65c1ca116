"""Any other balancer: configured commands, which are given every server with its weight."""

from collections.abc import Sequence
from datetime import timedelta
from shlex import quote

from deployers.balancers.port import Server, waiting
from deployers.environment import Balancer


class Commands:
    """One command that puts a whole state into force, and one that counts who is left."""

    def send(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Give the command every server, a line each: name, colour or `-`, address, port, weight."""
        return "\n".join(("set -eu", f"tell() {{ {balancer.tell}\n}}", f"tell <<'END'\n{_lines(servers)}\nEND"))

    def drain(self, balancer: Balancer, servers: Sequence[Server], limit: timedelta) -> str:
        """Ask how many are left on servers without weight; where nobody counts, the whole limit is waited."""
        if not balancer.active:
            seconds = max(0, round(limit.total_seconds()))
            return f"sleep {seconds}\necho {quote(f'nobody counts who is left; I waited {seconds} s')}"
        gone = _lines([server for server in servers if not server.weight])
        count = f"count() {{ {balancer.active}\n}}\nactive() {{ count <<'END'\n{gone}\nEND\n}}"
        return waiting(count, limit)

    def look(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Ask nothing beyond whether the host can be reached."""
        return "exit 0"


def _lines(servers: Sequence[Server]) -> str:
    return "\n".join(
        f"{server.host} {server.colour or '-'} {server.address} {server.port} {server.weight}" for server in servers
    )


COMMANDS = Commands()
