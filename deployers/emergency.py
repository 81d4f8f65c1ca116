"""What a critical hotfix goes past: only what the environment has written down, and never a person's freeze."""

from collections.abc import Iterator
from dataclasses import replace

from deployers.environment import Emergency, Environment

STRATEGY = "emergency"
_NOTHING = Emergency()


def of(environment: Environment, strategy: str) -> Emergency | None:
    """Return what may be gone past; None where this is no emergency."""
    return (environment.emergency or _NOTHING) if strategy == STRATEGY else None


def judged(environment: Environment, strategy: str) -> Environment:
    """Return the environment as its gates are judged: in an emergency without those that are gone past."""
    allowed = of(environment, strategy)
    if allowed is None:
        return environment
    approvals = replace(environment.approvals, required=0) if allowed.skip_approvals else environment.approvals
    return replace(
        environment,
        approvals=approvals,
        freezes=() if allowed.skip_freezes else environment.freezes,
        after="" if allowed.skip_order else environment.after,
        may_skip_checks=environment.may_skip_checks or allowed.skip_tests,
    )


def skipped(environment: Environment, strategy: str, *, tests: bool) -> str:
    """Return in words what an emergency goes past that would have been judged otherwise; empty where nothing is."""
    *others, last = ("", *_skipped(environment, judged(environment, strategy), tests=tests))
    return f"{', '.join(others[1:])} and {last}" if others[1:] else last


def _skipped(usual: Environment, now: Environment, *, tests: bool) -> Iterator[str]:
    if usual.approvals.required != now.approvals.required:
        yield "approval"
    if tests and usual.required_checks:
        yield "the required tests"
    if usual.freezes != now.freezes:
        yield "the weekly freezes"
    if usual.after != now.after:
        yield f"{usual.after}, where it has to succeed first"
