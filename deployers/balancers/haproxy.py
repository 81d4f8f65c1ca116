"""HAProxy: weights and states over its runtime socket, read back before they count."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from shlex import quote

from deployers.balancers.port import Server, waiting
from deployers.environment import Balancer

_SAY = """\
say() { # COMMANDS: what HAProxy answers
    if command -v socat >/dev/null 2>&1; then
        case $socket in
        /*) printf '%s\\n' "$1" | socat -t 10 - "UNIX-CONNECT:$socket" ;;
        *) printf '%s\\n' "$1" | socat -t 10 - "TCP:$socket" ;;
        esac
    elif command -v nc >/dev/null 2>&1; then
        case $socket in
        /*) printf '%s\\n' "$1" | nc -w 10 -U "$socket" ;;
        *) printf '%s\\n' "$1" | nc -w 10 "${socket%:*}" "${socket##*:}" ;;
        esac
    else
        echo 'neither socat nor nc is installed on the balancer: `apt install socat`' >&2
        return 69
    fi
}
now() { # every server of the backend: name, whether visitors are kept from it, weight, whether it is up
    say "show servers state $backend" | awk -v b="$backend" '$2 == b { print $4, $7 % 2 + int($7 / 8) % 2, $8, $6 }'
}
"""
_SEND = """\
set -eu
before=$(now)
[ -n "$before" ] || { echo "HAProxy knows no backend $backend, or does not answer on $socket" >&2; exit 70; }
back() { # what was before
    printf '%s\\n' "$before" | while read -r name kept weight _; do
        [ "$kept" = 0 ] && to=ready || to=maint
        say "set server $backend/$name weight $weight; set server $backend/$name state $to" >/dev/null || :
    done
}
printf '%s\\n' "$wanted" | while read -r name weight; do
    case "
$before" in *"
$name "*) ;; *) echo "the backend $backend has no server $name: add it to HAProxy's configuration" >&2; exit 71 ;; esac
done
while read -r line; do
    said=$(say "$line" </dev/null | tr -s '\\n') || said="it does not answer on $socket"
    [ -z "$said" ] && continue
    back
    printf 'HAProxy refuses, what was before is back: %s\\n' "$said" >&2
    exit 72
done <<END
$lines
END
after=$(now)
while read -r name weight; do
    read -r kept now up <<END
$(printf '%s\\n' "$after" | awk -v n="$name" '$1 == n { print $2, $3, $4 }')
END
    case "$weight $kept $now $up" in
    '0 1 '*) continue ;;
    "$weight 0 $weight 0") why="is down for HAProxy's own check" ;;
    "$weight 0 $weight "*) continue ;;
    *) why="has the weight $now, and is $([ "$kept" = 0 ] && echo in || echo out)" ;;
    esac
    back
    echo "HAProxy did not do it, what was before is back: $name $why" >&2
    exit 73
done <<END
$wanted
END
[ -z "$keep" ] || { say 'show servers state' >"$keep.new" && mv -f -- "$keep.new" "$keep"; }
"""
_ACTIVE = """\
active() { # streams on servers that get nobody, and those that queue for them
    say "show stat $backend 4 -1" |
        awk -F, -v b="$backend" '$1 == b && $18 ~ /^MAINT/ { n += $3 + $5 } END { print n + 0 }'
}
"""
_LOOK = """\
seen=$(now 2>&1) || :
[ -n "$seen" ] || echo "HAProxy does not answer on $socket, or has no backend $backend"
[ -z "$seen" ] || printf '%s\\n' "$wanted" | while read -r name weight; do
    case "
$seen" in *"
$name "*) ;; *) echo "the backend $backend has no server $name: add it to HAProxy's configuration" ;; esac
done
exit 0
"""
_AT_ONCE = 20
"""Servers in one line to HAProxy, whose lines are limited to 16 KiB."""


class HAProxy:
    """A backend whose servers are called as the hosts are, with `-blue` and `-green` where there are colours."""

    def send(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Let in first, send away then, and read back; who is in the middle of a request is served to its end."""
        ahead = [_let_in(balancer, server) for server in servers if server.weight]
        behind = [f"set server {balancer.backend}/{server.name} state maint" for server in servers if not server.weight]
        lines = ["; ".join(part) for told in (ahead, behind) for part in batched(told)]
        told = ", ".join(f"{server.name} {server.weight}" for server in servers if server.weight)
        return "\n".join(
            (
                *_names(balancer, servers),
                f"lines={quote(chr(10).join(lines))} keep={quote(balancer.state)}",
                _SAY,
                _SEND,
                f"echo {quote(f'in force: {told}')}",
            )
        )

    def drain(self, balancer: Balancer, servers: Sequence[Server], limit: timedelta) -> str:
        """Wait for the streams on servers that get nobody."""
        return "\n".join((*_names(balancer, servers), _SAY, waiting(_ACTIVE, limit)))

    def look(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Say whether it answers on its socket and knows every server."""
        return "\n".join((*_names(balancer, servers), _SAY, _LOOK))


def _let_in(balancer: Balancer, server: Server) -> str:
    name = f"{balancer.backend}/{server.name}"
    return f"set server {name} weight {server.weight}; set server {name} state ready"


def _names(balancer: Balancer, servers: Sequence[Server]) -> tuple[str, ...]:
    wanted = "\n".join(f"{server.name} {server.weight}" for server in servers)
    return (
        f"socket={quote(balancer.socket)} backend={quote(balancer.backend)}",
        f"wanted={quote(wanted)}",
    )


def batched(commands: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield the commands a few at a time."""
    return (commands[start : start + _AT_ONCE] for start in range(0, len(commands), _AT_ONCE))


HAPROXY = HAProxy()
