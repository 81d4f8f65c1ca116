"""Run the benchmarks: `make bench`, or one by name with `make bench ARGS=steps`."""

import sys

from benchmarks import steps

BENCHMARKS = {"steps": steps.main}


def main(names: list[str]) -> int:
    """Run those that are named, or all; 2 for a name that is none."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
        return 2
    for name in names or BENCHMARKS:
        BENCHMARKS[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
