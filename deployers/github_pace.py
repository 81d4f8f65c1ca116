"""How soon a run on GitHub is looked at again: rarely while it cannot be over yet, often when it usually is; pure."""

from collections.abc import Mapping
from datetime import datetime

from deployers.github_run import Job, Run, State

HEARD = 20.0
"""Where GitHub tells by itself what happens, looking only makes sure, and shows the steps as they go."""
FAR, NEAR = 15.0, 3.0
"""While the longest job still has to run, and around the time at which it is usually over."""
_MARGIN, _LEAST_MARGIN = 0.15, 3.0
"""Runs end so much earlier or later than usual, as a share of the time they take."""
_LATE = 1.5
"""Whoever takes so many times as long as usual ends at any time."""
PLAIN, SPARING, _YOUNG = 5.0, 10.0, 40.0
"""Where nobody knows how long it takes: as often as a plain loop would; but half as often while a job has not had its
turn, and at the beginning, which makes up for what was asked before the run was started."""
_IDLE_SHARE, _IDLE_SHORTEST, _IDLE_LONGEST = 0.03, 5.0, 20.0
"""While a run waits for somebody or something."""


def wait(run: Run, now: datetime, usual: Mapping[str, float], *, heard: bool = False) -> float:
    """Return after how many seconds a run is to be looked at again; `usual` are the seconds that its jobs take."""
    age = (now - run.created).total_seconds()
    if heard:
        return HEARD
    if run.state is not State.RUNNING:
        return min(max(_IDLE_SHORTEST, age * _IDLE_SHARE), _IDLE_LONGEST)
    known = {job.name for job in run.jobs}
    whole = sum(usual.values())
    if not known or not known <= usual.keys():
        return SPARING if age < _YOUNG or any(job.status == "queued" for job in run.jobs) else PLAIN
    if age > _LATE * whole:
        return PLAIN
    left = [_left(job, now, usual[job.name]) for job in run.jobs]
    left += [seconds for name, seconds in usual.items() if name not in known]
    surely = max(left) - max(_LEAST_MARGIN, whole * _MARGIN)
    # And soon after one job usually makes room for the next, so that people see that.
    changes = [_left(job, now, usual[job.name]) + 1 for job in run.jobs if job.status == "in_progress"]
    return min(max(surely, NEAR), FAR, *(seconds for seconds in changes if seconds >= 1))


def _left(job: Job, now: datetime, usually: float) -> float:
    """Return for how long a job usually goes on from now."""
    if job.status == "completed":
        return 0.0
    return usually if job.began is None or job.status != "in_progress" else usually - (now - job.began).total_seconds()
