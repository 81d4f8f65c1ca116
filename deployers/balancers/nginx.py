"""nginx: an upstream in a file of its own, written whole, tried, and taken up by a reload."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import IPv4Address
from shlex import quote

from deployers.balancers.port import Server, waiting
from deployers.environment import Balancer

_WORKERS = """\
below() { # the process ids of what the master has begun
    cat "/proc/$master/task/$master/children" 2>/dev/null && return
    for path in /proc/[0-9]*; do
        { read -r line <"$path/stat"; } 2>/dev/null || continue
        set -- ${line##*) }
        [ "${2-}" = "$master" ] && echo "${path#/proc/}"
    done
    return 0
}
workers() { # old|new: the worker processes that shut down, or those that take visitors
    for worker in $(below); do
        case "$1 $(tr '\\0' ' ' 2>/dev/null <"/proc/$worker/cmdline")" in
        old*'shutting down'*) echo "$worker" ;;
        *'shutting down'*) ;;
        new*'worker process'*) echo "$worker" ;;
        esac
    done
}
"""
_SEND = """\
set -eu
umask 022
{ read -r master <"$pid"; } 2>/dev/null || { echo "nginx does not run here: $pid cannot be read" >&2; exit 70; }
back() {
    if [ -s "$include.before" ]; then mv -f -- "$include.before" "$include"
    else rm -f -- "$include" "$include.before"; fi
}
[ -e "$include.before" ] || { [ -e "$include" ] && cp -p -- "$include" "$include.was" || : >"$include.was"
    mv -f -- "$include.was" "$include.before"; }
mv -f -- "$include.new" "$include"
if ! said=$(try 2>&1); then
    back
    printf 'nginx refuses the new upstream, the one before is back: %s\\n' "$said" >&2
    exit 71
fi
before=" $(workers new | tr '\\n' ' ')"
if ! said=$(take_up 2>&1); then
    back
    printf 'nginx did not reload, the upstream before is back: %s\\n' "$said" >&2
    exit 72
fi
until=$(($(date +%s) + 15))
while :; do
    fresh= stale=
    for worker in $(workers new); do
        case "$before" in *" $worker "*) stale=1 ;; *) fresh=1 ;; esac
    done
    [ -n "$fresh" ] && [ -z "$stale" ] && break
    if [ "$(date +%s)" -ge "$until" ]; then
        back
        take_up >/dev/null 2>&1 || :
        echo 'nginx took no notice of the reload within 15 s, the upstream before is back: see its error log' >&2
        exit 73
    fi
    sleep 0.1
done
rm -f -- "$include.before"
"""
_ACTIVE = """\
active() { # connections to servers without weight, and workers that still serve somebody as before
    { read -r master <"$pid"; } 2>/dev/null || { echo 0; return; }
    busy=0
    while read -r _ _ far state _; do
        case "$state $far" in PATTERNS) busy=$((busy + 1)) ;; esac
    done <<END
$(cat /proc/net/tcp 2>/dev/null)
END
    set -- $(workers old)
    # Who stays on with an old worker for long does not stay on what was drained.
    [ "$busy" -eq 0 ] && quiet=$((${quiet:-0} + 1)) || quiet=0
    if [ "$busy" -eq 0 ] && { [ $# -eq 0 ] || [ "$quiet" -gt 25 ]; }; then echo 0; return; fi
    echo "$busy connections and $# old workers"
}
"""
_LOOK = """\
[ -w "${include%/*}" ] || echo "${include%/*} cannot be written by this user"
[ -e "$include" ] || echo "$include is not there yet: write it once, and include it where nginx has its servers"
{ read -r master <"$pid"; } 2>/dev/null && [ -e "/proc/$master" ] || echo "nginx does not run: $pid says nothing"
said=$(try 2>&1) || printf 'nginx refuses its configuration: %s\\n' "$said"
exit 0
"""


class Nginx:
    """An upstream block in an include file, and a reload."""

    def send(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Write the upstream whole, try it, reload, and wait until only workers that know it take visitors."""
        text = rendered(balancer, servers)
        told = ", ".join(f"{server.name} {server.weight}" for server in servers if server.weight)
        return "\n".join(
            (
                *_names(balancer),
                _WORKERS,
                f"cat >{quote(balancer.include + '.new')} <<'END' || exit 74",
                text + "END",
                _SEND,
                f"echo {quote(f'in force: {told}')}",
            )
        )

    def drain(self, balancer: Balancer, servers: Sequence[Server], limit: timedelta) -> str:
        """Wait for connections to servers without weight, and for the workers from before the reload."""
        patterns = "|".join(f"'01 {spot}'" for server in servers if not server.weight if (spot := _hex(server)))
        active = _ACTIVE.replace("PATTERNS", patterns or "''")
        # In a function of its own `quiet` would be lost between two looks: it runs in this shell.
        waits = waiting(active, limit).replace("left=$(active) || left=unknown", "active >$told; read -r left <$told")
        return "\n".join((*_names(balancer), _WORKERS, "told=$(mktemp)", "trap 'rm -f $told' EXIT", waits))

    def look(self, balancer: Balancer, servers: Sequence[Server]) -> str:
        """Say whether the file can be written, and whether nginx runs and takes its configuration."""
        return "\n".join((*_names(balancer), _LOOK))


def rendered(balancer: Balancer, servers: Sequence[Server]) -> str:
    """Return the upstream block; what gets nobody is not in it."""
    lines = [f"    server {server.where} weight={server.weight};" for server in servers if server.weight]
    options = [f"    {option.rstrip(';')};" for option in balancer.options]
    return "\n".join(
        (
            "# Written by Shipmate before every switch; what is changed here by hand is lost.",
            f"upstream {balancer.upstream} {{",
            *options,
            *lines,
            "}",
            "",
        )
    )


def _names(balancer: Balancer) -> tuple[str, ...]:
    return (
        f"include={quote(balancer.include)} pid={quote(balancer.pid)}",
        f"try() {{ {balancer.test}\n}}",
        f"take_up() {{ {balancer.reload}\n}}",
    )


def _hex(server: Server) -> str:
    """Return an address as /proc/net/tcp writes it; nothing for one that is a name."""
    try:
        packed = IPv4Address(server.address).packed
    except ValueError:
        return ""
    return f"{packed[::-1].hex().upper()}:{server.port:04X}"


NGINX = Nginx()
