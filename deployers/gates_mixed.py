"""The gate for what compares: hosts that are not of one mind are nothing to compare a canary with."""

from deployers.gate import Gate
from deployers.snapshot import Refused, Snapshot


def _mixed(asked: Snapshot) -> Refused | None:
    """Refuse a canary beside hosts of which some serve what was left half way."""
    if not asked.strays:
        return None
    rolling = f"/deploy {asked.environment} {asked.ref} --strategy rolling"
    back = f"/rollback latest {asked.environment}"
    may_roll = not asked.strategies or "rolling" in asked.strategies
    others = f" `{back}` takes that back first." if may_roll else ""
    serves = "serves" if len(asked.strays) == 1 else "serve"
    return Refused(
        "mixed",
        f"On {asked.environment}, {', '.join(asked.strays)} still {serves} what an earlier deployment left there half"
        f" way, and a canary is compared with hosts that all serve one release.{others}",
        next=rolling if may_roll else back,
    )


MIXED = Gate(
    "One release",
    _mixed,
    lambda it: bool(it.strays),
    lambda _: "",
    "Nothing was left half way on a host that a canary would be compared with.",
)
