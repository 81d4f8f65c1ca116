"""The stories of a production behind a balancer: every way to ship, and every way back."""

import re
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from bot.sandbox.front import Totals
from bot.sandbox.hosts import Host
from bot.sandbox.repository import commit
from bot.sandbox.stories import Broken, Teller, no_outage

OVERLOADED = """\
    def _page(self) -> None:
        if hash(self.client_address) % 2:
            self._json(500, {"error": "the live figures took too long"})
            return
"""
"""What a release does to every second visitor, while its health is well."""


def blue_green(teller: Teller) -> None:
    """Bring v2.3 up beside v2.2, send everybody there at once, and go back by a switch."""
    since = teller.world.front.now()
    teller.says("ana", "/deploy production v2.3 --strategy blue-green")
    teller.presses("ben", "Approve")
    teller.sees("deployments", "deployed `v2.3` to *production*")
    teller.serves("v2.3", "web1", "web2")
    visited(teller, "v2.3")
    for name in ("web1", "web2"):
        stays_warm(teller, teller.world.host(name), "v2.2")
    no_outage(teller, since)
    since = teller.world.front.now()
    teller.says("ana", "/rollback latest production")
    teller.is_told("ana", "Roll back production to v2.2?")
    teller.presses("ana", "Roll back production to v2.2", within="private")
    teller.sees("deployments", "production serves `v2.2` again")
    visited(teller, "v2.2")
    no_outage(teller, since)


def canary(teller: Teller) -> None:
    """Give v2.3 to a quarter of the visitors, and to all of them once its numbers are good enough."""
    since = teller.world.front.now()
    teller.says("ana", "/deploy production v2.3 --strategy canary")
    teller.presses("ben", "Approve")
    teller.sees("deployments", "25 % get it")
    teller.tell("#deployments compares the two sides")
    shared_out(teller)
    teller.sees("deployments", "deployed `v2.3` to *production*")
    teller.serves("v2.3", "web1", "web2")
    visited(teller, "v2.3")
    no_outage(teller, since)


def bad_canary(teller: Teller) -> None:
    """Give a release to a quarter of the visitors that fails only for them, and watch it come back by itself."""
    shown = ["git", "show", "refs/tags/v2.3:server.py"]
    server = subprocess.run(shown, cwd=teller.world.repository, capture_output=True, text=True, check=True).stdout
    changed = server.replace("    def _page(self) -> None:\n", OVERLOADED, 1)
    files = {"server.py": changed, "VERSION": "v2.6\n"}
    commit(teller.world.repository, "live-figures", "page: Show live figures", files, onto="v2.3")
    teller.tell("mira pushes   live-figures: its health is well, and every second page fails")
    since = teller.world.front.now()
    teller.says("ana", "/deploy production live-figures --strategy canary")
    teller.presses("ben", "Approve")
    teller.sees("deployments", "25 % get it")
    teller.sees("deployments", "rolled back")
    teller.serves("v2.2", "web1", "web2")
    visited(teller, "v2.2")
    seen = production(teller, since)
    if not seen.failed or seen.failed * 4 > seen.asked:
        raise Broken(f"{seen.failed} of {seen.asked} requests of visitors failed; a share of the canary's should have")
    teller.tell(f"{seen.failed} of {seen.asked} requests failed meanwhile: those of the canary alone")


def emergency(teller: Teller) -> None:
    """Send v2.3 past approvals, loudly and with a reason, and look back on it afterwards."""
    teller.says("omar", "/deploy production v2.3 --strategy emergency")
    teller.is_told("omar", "needs a reason")
    teller.says("omar", '/deploy production v2.3 --strategy emergency --reason "Calls are not counted"')
    told = teller.sees("deployments", "*Emergency*")
    teller.sees("alerts", "Calls are not counted")
    teller.sees("deployments", "deployed `v2.3` to *production*")
    teller.serves("v2.3", "web1", "web2")
    number = re.search(r"/ops review (\d+)", told)
    if not number:
        raise Broken(f"nobody is asked to look back on it: {told}")
    teller.says("lea", f'/ops review {number[1]} "The fix holds, and its test is written"')
    teller.is_told("lea", "has been looked back on")


def restore(teller: Teller) -> None:
    """Lose every call, and bring code and database back from a backup while visitors are served."""
    had = calls(teller)
    teller.says("omar", "/ops backup production")
    teller.sees("deployments", "made and read back")
    with closing(sqlite3.connect(database(teller))) as live, live:
        live.execute("DELETE FROM calls")
    teller.tell("somebody deletes every call from the database")
    teller.says("omar", "/rollback backup latest production --restore-database")
    teller.is_told("omar", "code and database as in the backup")
    teller.presses("omar", "Roll back production to v2.2", within="private")
    teller.world.slack.submits("omar", {"confirm": "production"}, timeout=60)
    teller.tell("omar types the environment's name: production")
    teller.sees("deployments", "production serves `v2.2` again")
    teller.serves("v2.2", "web1", "web2")
    if calls(teller) != had:
        raise Broken(f"{calls(teller)} calls are in the database, not {had}")
    teller.tell(f"all {had} calls are in the database again")


def visited(teller: Teller, version: str) -> None:
    """Demand that visitors who come from now on get one version, through the balancer."""
    since = teller.world.front.now()
    teller.world.slack.eventually(lambda: production(teller, since).ok >= 20, 60, "twenty visitors")
    seen = production(teller, since)
    if set(seen.versions) != {version}:
        raise Broken(f"visitors get {dict(seen.versions)}, not {version} alone")
    teller.tell(f"{seen.ok} visitors in a row got {version} from the balancer")


def shared_out(teller: Teller) -> None:
    """Demand that visitors are shared out between both sides as the canary says."""
    since = teller.world.front.now()
    teller.world.slack.eventually(lambda: production(teller, since).ok >= 60, 60, "sixty visitors")
    versions = production(teller, since).versions
    share = versions.get("v2.3", 0) / max(sum(versions.values()), 1)
    if not 0.1 < share < 0.4:
        raise Broken(f"{100 * share:.0f} % of the visitors got v2.3, not about 25 %")
    teller.tell(f"{100 * share:.0f} % of the visitors get v2.3 from the balancer")


def stays_warm(teller: Teller, host: Host, version: str) -> None:
    """Demand that a host still serves another version on its other side."""
    found = [host.serves_on(port) for port in (host.port, host.candidate_port)]
    if version not in found:
        raise Broken(f"the sides of {host.name} serve {found}, and none of them {version}")
    teller.tell(f"{host.name} keeps {version} warm on its other side")


def production(teller: Teller, since: float) -> Totals:
    """Return what the visitors of production saw since then."""
    hosts = [it for name, it in teller.world.front.window(since).hosts.items() if not name.startswith("staging")]
    versions: Counter[str] = sum((Counter(it.versions) for it in hosts), Counter())
    return Totals(ok=sum(it.ok for it in hosts), failed=sum(it.failed for it in hosts), versions=versions)


def database(teller: Teller) -> str:
    """Return the file of production's database."""
    return str((teller.world.host("web1").home / "app" / "shared" / "storage" / "app.db").resolve())


def calls(teller: Teller) -> int:
    """Return how many calls are in production's database."""
    with closing(sqlite3.connect(database(teller))) as live:
        return int(live.execute("SELECT count(*) FROM calls").fetchone()[0])


BALANCED: dict[str, Callable[[Teller], None]] = {
    "blue-green": blue_green,
    "canary": canary,
    "bad-canary": bad_canary,
    "emergency": emergency,
    "restore": restore,
}
