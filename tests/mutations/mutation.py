"""One line that a law needs."""

from dataclasses import dataclass

UNIT, CONTRACTS = "tests/unit", "tests/contracts"
REMOTE = f"{CONTRACTS}/test_remote.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One line that is changed, and the test that has to go red."""

    law: int
    file: str
    old: str
    new: str
    test: str
    means: str
    """What the change takes away."""
