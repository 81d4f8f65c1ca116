"""Ports to listen on, now and after a restart; those of the sandbox's hosts are kept."""

import json
import random
import socket
from collections.abc import Collection, Sequence
from pathlib import Path

ADDRESS = "127.0.0.1"
_PORTS = range(20_000, 32_000)
"""Below what systems give to outgoing connections, so that a port is still free after a restart."""


def kept_ports(path: Path, names: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return three ports a host: those it had, while nobody else has taken them."""
    kept: dict[str, list[int]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    taken: set[int] = set()
    chosen: dict[str, tuple[int, int, int]] = {}
    for name in names:
        had = kept.get(name, [])
        if len(had) != 3 or not all(_is_free(port) for port in had) or taken.intersection(had):
            had = free_ports(3, besides=taken)
        taken.update(had)
        chosen[name] = (had[0], had[1], had[2])
    path.write_text(json.dumps(kept | chosen), encoding="utf-8")
    return chosen


def free_ports(count: int, *, besides: Collection[int] = ()) -> list[int]:
    """Return so many ports that nobody listens on, and that no outgoing connection will be given."""
    found: list[int] = []
    while len(found) < count:
        port = random.choice(_PORTS)  # noqa: S311  it only has to be free
        if port not in besides and port not in found and _is_free(port):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
        return True
