"""Chooses where the numbers of a canary come from, as its approved configuration says."""

from bot.crew import Crew, with_secrets
from bot.known import Known
from deployers.comparing.sides import sides, values
from deployers.comparing.tuning import Canary
from deployers.environment import Environment
from deployers.metrics import AccessLogs, Endpoints, Nothing, Prometheus, Source
from deployers.plan import Plan, Step


def source(crew: Crew, known: Known, environment: Environment, plan: Plan, step: Step) -> Source:
    """Return what tells the numbers of both sides; what says that nothing does, where nothing is configured."""
    tuning, both = environment.canary or Canary(), sides(environment, plan, step)
    remote = crew.remote(known.number, environment)
    if tuning.endpoint:
        return Endpoints(with_secrets(environment, crew.secrets), remote, tuning.endpoint, both)
    if tuning.log:
        return AccessLogs(remote, environment.balancers, tuning.log, both)
    if tuning.metrics:
        return Prometheus(tuning.metrics, values(environment, plan, both, known.good.name if known.good else ""))
    return Nothing()
