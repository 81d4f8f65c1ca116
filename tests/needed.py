"""What a test needs of the machine: without it a test is skipped where people work, and fails in CI."""

import os

import pytest


def needed(there: object, why: str) -> None:
    """Go on where it is there; in CI its absence is a failure, so that nothing goes untested unseen."""
    if there:
        return
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(why)
    pytest.skip(why)
