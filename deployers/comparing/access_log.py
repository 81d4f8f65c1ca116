"""Reading the balancer's access log: a bounded script that counts on the balancer's host, and what it prints.

The log holds three fields a line, separated by tabs: `$upstream_addr`, `$upstream_status`, `$upstream_response_time`.
Where nginx asked several servers for one visitor, each field lists all of them, so that what `proxy_next_upstream`
hides from visitors is counted against the server that failed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from shlex import quote

from deployers.comparing.exposition import Unreadable
from deployers.comparing.tally import Count
from deployers.comparing.times import ENDLESS

MOST_BYTES = 32 * 1024 * 1024
"""So much of the log is read at a time; what is left is read the next time."""
GROWTH = 1.2
"""Each bucket of response times ends so many times later than the one before; the first at a millisecond."""
BUCKETS = 60
_AWK = r"""
BEGIN { FS = "\t" }
NR > 1 { one(line); bytes += length(line) + 1 }
{ line = $0 }
END {
  if (NR && whole) { one(line); bytes += length(line) + 1 }
  printf "read %d\n", bytes
  for (both in bucket) { split(both, at, SUBSEP); times[at[1]] = times[at[1]] " " at[2] ":" bucket[both] }
  for (key in seen) printf "at %s %d %d%s\n", key, seen[key], bad[key], times[key]
}
function one(text,   parts, addrs, codes, took, count, i) {
  split(text, parts, "\t")
  count = split(parts[1], addrs, /, | : /); split(parts[2], codes, /, | : /); split(parts[3], took, /, | : /)
  for (i = 1; i <= count; i++) {
    if (addrs[i] !~ /^[0-9A-Za-z.:\[\]_-]+$/ || codes[i] !~ /^[0-9][0-9][0-9]$/) continue
    seen[addrs[i]]++
    if (codes[i] >= 500) bad[addrs[i]]++
    if (took[i] ~ /^[0-9.]+$/) bucket[addrs[i], slot(took[i] * 1000)]++
  }
}
function slot(ms,   place) {
  place = ms <= 1 ? 0 : int(log(ms) / log(GROWTH)) + 1
  return place > BUCKETS ? BUCKETS : place
}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a log has been read: which file, by its inode, and up to which byte."""

    inode: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What one reading found: where to go on, and what each server answered."""

    place: Place
    servers: tuple[tuple[str, Count], ...]


def script(path: str, place: Place | None) -> str:
    """Return the shell script that counts what was added to the log since; the first time it only looks where it ends.

    The newest line is left for the next time, since it may not be whole yet. A log that was rotated meanwhile is read
    to its end under its old name, `<path>.1`, and the new one from its beginning the next time.
    """
    file = quote(path)
    if place is None:
        return f"set -eu\nset -- $(stat -L -c '%i %s' -- {file})\necho \"place $1 $2\"\necho 'read 0'"
    awk = quote(_AWK.replace("GROWTH", str(GROWTH)).replace("BUCKETS", str(BUCKETS)))
    return "\n".join(
        (
            "set -eu",
            f"file={file}",
            f"offset={place.offset}",
            "set -- $(stat -L -c '%i %s' -- \"$file\")",
            "now=$1 whole=0",
            f'if [ "$1" != {place.inode} ]; then',
            "  set -- $(stat -L -c '%i %s' -- \"$file.1\" 2>/dev/null || echo 0 0)",
            f'  if [ "$1" = {place.inode} ] && [ "$2" -gt "$offset" ]; then file=$file.1 now=$1 whole=1',
            "  else offset=0; fi",
            'elif [ "$2" -lt "$offset" ]; then offset=0; fi',
            'echo "place $now $offset"',
            f'tail -c +$((offset + 1)) -- "$file" | head -c {MOST_BYTES} | LC_ALL=C awk -v whole=$whole {awk}',
        )
    )


def page(printed: str) -> Page:
    """Return what the script printed.

    Raises:
        Unreadable: it is not what the script prints.
    """
    inode, offset, servers = None, 0, []
    for line in printed.splitlines():
        match line.split():
            case ["place", found, at]:
                inode, offset = int(found), int(at)
            case ["read", length]:
                offset += int(length)
            case ["at", address, requests, errors, *times]:
                servers.append((address, Count(int(requests), int(errors), tuple(map(_bucket, times)))))
            case _:
                raise Unreadable(f"the log's counts cannot be read: {line[:80]!r}")
    if inode is None:
        raise Unreadable("the log's counts are not there")
    return Page(Place(inode, offset), tuple(servers))


def counted(pages: Iterable[Page], addresses: frozenset[str]) -> Count:
    """Return what some servers answered together."""
    total = Count()
    for each in pages:
        for address, count in each.servers:
            if address in addresses:
                total += count
    return total


def _bucket(text: str) -> tuple[float, int]:
    slot, count = text.split(":")
    bound = ENDLESS if int(slot) >= BUCKETS else GROWTH ** int(slot) / 1000
    return bound, int(count)
