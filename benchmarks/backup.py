"""A database dumped and restored by Shipmate's scripts, beside plain `mariadb-dump | zstd` and `zstd | mariadb`.

Ours also reads the backup back whole, checks it before it is restored, and fills a database beside the one in use.
Interleaved rounds on a MariaDB of its own; besides the seconds on the clock, those of all processors together are
counted, the server's among them, because the clock says little on a busy machine.
"""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import monotonic

from benchmarks.kit import Result
from deployers.backups import scripts
from deployers.backups.configured import Backup
from deployers.environment import Environment, Host, Place, Recipe
from deployers.strategies.restoring import Restoration
from tests.mariadb import Mariadb, private_server

SIZE, QUICK_SIZE, ROUNDS = 200, 20, 3
MOST = 1.1
"""So many times what plain tools take."""
ROWS = (
    "INSERT INTO orders (customer, note, address, amount) SELECT FLOOR(RAND() * 100000),"
    " CONCAT('Please ring at the door ', MD5(RAND()), ' and leave it with ', MD5(RAND())),"
    " CONCAT(FLOOR(RAND() * 300), ' Long Street, ', MD5(RAND())), RAND() * 1000 FROM seq_1_to_{count}"
)
TABLE = (
    "CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, customer INT, note VARCHAR(200), address VARCHAR(200),"
    " amount DECIMAL(10, 2), KEY (customer)) ENGINE=InnoDB"
)
AT_ONCE = 50_000
Taken = tuple[float, float]
"""Seconds on the clock, and of processors."""


def run(*, quick: bool, size: int = 0) -> Result:
    """Dump and restore each way, round after round."""
    size, rounds = size or (QUICK_SIZE if quick else SIZE), 1 if quick else ROUNDS
    with tempfile.TemporaryDirectory() as folder, private_server() as server:
        bench = Bench(Path(folder), server)
        megabytes = bench.fill(size)
        taken: dict[str, list[Taken]] = {}
        for number in range(rounds):
            ways: dict[str, Callable[[], None]] = {
                "plain dump": bench.plain_dump,
                "our backup": lambda number=number: bench.our_backup(number),
                "plain restore": bench.plain_restore,
                "our restore": lambda number=number: bench.our_restore(number),
                "our swap": lambda number=number: bench.our_swap(number),
            }
            for name, way in ways.items():
                taken.setdefault(name, []).append(bench.timed(way))
    clock = {name: median(wall for wall, _ in them) for name, them in taken.items()}
    processors = {name: median(spent for _, spent in them) for name, them in taken.items()}
    return _result(megabytes, clock, processors)


def _result(megabytes: float, clock: dict[str, float], processors: dict[str, float]) -> Result:
    rows, ratios = [], {}
    for what, plain, ours in (("dump", "plain dump", "our backup"), ("restore", "plain restore", "our restore")):
        by_clock, by_processors = clock[ours] / clock[plain], processors[ours] / processors[plain]
        ratios |= {f"{what}, by the clock": by_clock, f"{what}, by processors": by_processors}
        rows.append([plain, f"{clock[plain]:.1f} s", f"{processors[plain]:.1f} s", "1.00", "1.00"])
        rows.append(
            [ours, f"{clock[ours]:.1f} s", f"{processors[ours]:.1f} s", f"{by_clock:.2f}", f"{by_processors:.2f}"]
        )
    rows.append(["our swap", f"{clock['our swap']:.1f} s", f"{processors['our swap']:.1f} s", "", ""])
    return Result(
        "backup",
        (f"{megabytes:.0f} MB of SQL", "clock", "processors", "of plain", "of plain"),
        rows,
        {"megabytes": megabytes, "clock": clock, "processors": processors, "ratios": ratios},
        targets={f"{name}: at most {MOST} x plain": ratio <= MOST for name, ratio in ratios.items() if "clock" in name},
    )


class Bench:
    """A server with a database, and a host's folder with an application that uses it."""

    def __init__(self, home: Path, server: Mariadb) -> None:
        """Lay the folder out."""
        self.home, self.server = home, server
        release = home / "app/releases/r1"
        release.mkdir(parents=True)
        (release / "REVISION").write_text("a" * 40 + "\n")
        (release / ".shipmate-complete").touch()
        (home / "app/current").symlink_to("releases/r1")
        backup = Backup(
            "backups", database=f"{server.dumper} shop", engine="mariadb", live="shop", client=server.client, keep=1
        )
        place = Place("deploy", "app", (Host("web1", "127.0.0.1"),), "known_hosts")
        self.where = Environment("production", "shop", "g", Recipe("web"), place=place, backup=backup)

    def fill(self, megabytes: int) -> float:
        """Fill the database until its dump is so large, and return how large it is."""
        self.server.sql("CREATE DATABASE shop")
        self.server.sql(f"{TABLE}; {ROWS.format(count=AT_ONCE)}", "shop")
        each = self._dumped() / AT_ONCE
        for _ in range(int(megabytes * 1e6 / each / AT_ONCE)):
            self.server.sql(ROWS.format(count=AT_ONCE), "shop")
        return self._dumped() / 1e6

    def timed(self, way: Callable[[], None]) -> Taken:
        """Return how long something takes, by the clock and of processors."""
        began, spent = monotonic(), self._spent()
        way()
        return monotonic() - began, self._spent() - spent

    def plain_dump(self) -> None:
        """Dump with plain tools."""
        self._sh(f"{self.server.dumper} shop | zstd -q -3 -f -o plain.sql.zst")

    def our_backup(self, number: int) -> None:
        """Make a backup, with everything that belongs to it."""
        self._sh(scripts.make(self.where, self.where.machines[0], _name(number)))

    def plain_restore(self) -> None:
        """Restore with plain tools."""
        self.server.sql("DROP DATABASE IF EXISTS plain; CREATE DATABASE plain")
        self._sh(f"zstd -dcq plain.sql.zst | {self.server.client} plain")

    def our_restore(self, number: int) -> None:
        """Check a backup and fill a database beside the one in use."""
        self._sh(scripts.restore(self.where, self.where.machines[0], self._restoration(number)))

    def our_swap(self, number: int) -> None:
        """Let it take the place of the one in use."""
        self._sh(scripts.swap(self.where, self.where.machines[0], self._restoration(number), _name(number + 10)))

    def _restoration(self, number: int) -> Restoration:
        return Restoration(_name(number), "web1", "", database=True)

    def _sh(self, script: str) -> None:
        subprocess.run(["sh", "-c", script], cwd=self.home, check=True, stdout=subprocess.DEVNULL)

    def _dumped(self) -> int:
        done = subprocess.run(["sh", "-c", f"{self.server.dumper} shop | wc -c"], capture_output=True, check=True)
        return int(done.stdout)

    def _spent(self) -> float:
        """Return the seconds of processors that our children and the server have taken."""
        ours = resource.getrusage(resource.RUSAGE_CHILDREN)
        pid = int((self.server.folder / "pid").read_text())
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return ours.ru_utime + ours.ru_stime + (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _name(number: int) -> str:
    return f"backup-20261201-0000{number:02d}"
