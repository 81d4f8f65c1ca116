"""What the steps of a plan tell a balancer, as scripts: always the whole state, so that twice is as good as once."""

from deployers.balancers import speech, state
from deployers.balancers.port import on
from deployers.environment import Environment, Host
from deployers.plan import Drain, Plan, PutIn, Shift, Step, TakeOut


def script(step: Step, environment: Environment, plan: Plan, host: Host) -> str:
    """Return the script of a step on a balancer's host."""
    balancer = environment.balancer
    if balancer is None:
        raise ValueError(f"{environment.name} has no balancer")
    speaks = speech(balancer)
    match step:
        case Shift(share=share):
            return speaks.send(balancer, on(state(environment, plan.colour, share=share), environment, host))
        case TakeOut(servers=out):
            return speaks.send(balancer, on(state(environment, plan.colour, out=out), environment, host))
        case PutIn():
            return speaks.send(balancer, on(state(environment, plan.colour), environment, host))
        case Drain(limit=limit, servers=out, share=share):
            servers = state(environment, plan.colour, share=share, out=out)
            return speaks.drain(balancer, on(servers, environment, host), limit)
        case _:
            raise TypeError(f"a balancer knows nothing of {step.word}")


def look(environment: Environment, host: Host) -> str:
    """Return the read-only script that says what is in the way of telling the balancer on a host anything."""
    balancer = environment.balancer
    return speech(balancer).look(balancer, on(state(environment, "blue"), environment, host)) if balancer else "exit 0"
