"""How every host and every address answers now."""

from collections.abc import Mapping

from deployers.checkup.answers import Case, One, Trouble, together
from deployers.environment import Environment
from deployers.findings import Found, State
from deployers.health import Look, Sample

ADDRESS = "address"
"""What the place is called that people use, beside the hosts."""


def idle(environment: Environment) -> str:
    """Say why there is nothing to look at, if so."""
    health = environment.health
    if health and (environment.url or (health.target and environment.hosts)):
        return ""
    return "neither `url` nor `health.target` is configured"


def judge(case: Case, samples: Mapping[str, Sample | Trouble]) -> Found:
    """Return who is well; who could not be asked is not."""
    return together(case, {where: _one(case, sample) for where, sample in samples.items()})


def _one(case: Case, sample: Sample | Trouble) -> One:
    environment = case.environment
    if isinstance(sample, Trouble):
        return One(State.UNKNOWN, sample.why, advice=sample.advice)
    match sample.look:
        case Look.BLIND:
            return One(
                State.UNKNOWN, f"it could not be asked ({sample.why})", advice="See whether it is up: `shipmate check`."
            )
        case Look.SICK if not case.known.sha:
            why = f"sick, {sample.why}; nothing was deployed there yet"
            return One(State.ATTENTION, why, advice=f"Deploy something: `/deploy {environment.name}`.")
        case Look.SICK:
            return One(State.BAD, f"sick, {sample.why}")
        case Look.WELL:
            took = f"well within {sample.seconds * 1000:.0f} ms"
            slow = environment.health is not None and sample.seconds > environment.health.max_p95.total_seconds()
            return One(State.ATTENTION if slow else State.GOOD, took, figure=sample.seconds, most=took)
