"""Run the benchmarks: `make bench`, or some by name with `make bench ARGS="ack deploy --quick"`."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from benchmarks.kit import Result, show

BENCHMARKS = (
    "footprint",
    "ack",
    "recovery",
    "deploy",
    "rollback",
    "steps",
    "github",
    "limits",
    "scale",
    "zero_downtime",
    "backup",
)
REPEATED = frozenset({"deploy", "recovery"})
"""Those that can be told how often."""
Run = Callable[..., Result]


def main(words: list[str]) -> int:
    """Run those that are named, or all; 2 for a name that is none."""
    asked = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    asked.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(BENCHMARKS)}; all when left out")
    asked.add_argument("--quick", action="store_true", help="the smallest form of each, to see that it runs")
    asked.add_argument("--rounds", type=int, metavar="N", help="how often `deploy` repeats, and `recovery` kills")
    asked.add_argument("--json", type=Path, metavar="FOLDER", help="write the JSON of each into this folder too")
    asked.add_argument("--size", type=int, metavar="MB", help="of the database that `backup` dumps")
    given = asked.parse_args(words)
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    for name in given.names or BENCHMARKS:
        run: Run = import_module(f"benchmarks.{name}").run
        repeated = {"rounds": given.rounds} if given.rounds and name in REPEATED else {}
        sized = {"size": given.size} if given.size and name == "backup" else {}
        show(run(quick=given.quick, **repeated, **sized), given.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
