"""The gates about the revision itself: where it comes from, whether it is older, signed, or goes past its checks."""

from fnmatch import fnmatchcase

from deployers.gate import Gate
from deployers.snapshot import Refused, Snapshot

EMERGENCY = "emergency"


def _source(asked: Snapshot) -> Refused | None:
    allowed, name = asked.revisions.allowed, asked.full_ref.removeprefix("refs/")
    if not allowed or any(fnmatchcase(name, pattern) for pattern in allowed):
        return None
    patterns = ", ".join(f"`{each}`" for each in allowed)
    what = f"`{name}` is none of them" if name else "a bare SHA is none of them: name its tag or branch"
    return Refused(
        "source",
        f"{asked.environment} takes only {patterns}, and {what}.",
        next=f"/deploy why {asked.environment} {asked.ref}",
    )


def _older(asked: Snapshot) -> Refused | None:
    if not asked.older or asked.revisions.older == "allow":
        return None
    return Refused(
        "older",
        f"{asked.ref} ({asked.sha[:7]}) is older than what runs on {asked.environment}:"
        " it would only take commits away. To go back there is `/rollback`, which no gate stops. If releases are meant"
        f' to get there like this, write `older = "allow"` into `revisions` of `[environments.{asked.environment}]`.',
        next=f"/rollback {asked.ref} {asked.environment}",
    )


def _signed(asked: Snapshot) -> Refused | None:
    if not asked.revisions.signed or asked.signed:
        return None
    known = "carries no signature that GitHub could verify"
    unknown = "cannot be told to be signed, because GitHub did not answer or is not configured"
    return Refused(
        "unsigned",
        f"{asked.environment} takes only signed commits, and {asked.sha[:7]}"
        f" {known if asked.signed is False else unknown}.",
        next=f"/deploy {asked.environment} {asked.ref}",
    )


def _skipping(asked: Snapshot) -> Refused | None:
    if not asked.skip_tests:
        return None
    if not asked.may_skip:
        return Refused(
            "skip_tests",
            f"{asked.environment} does not let anybody skip the tests."
            f" An admin can write `may_skip = true` into `checks` of `[environments.{asked.environment}]`.",
            next=f"/deploy {asked.environment} {asked.ref}",
        )
    if asked.strategy != EMERGENCY:
        return Refused(
            "skip_tests",
            "Tests are skipped in an emergency alone, and this is none.",
            next=f'/deploy {asked.environment} {asked.ref} --strategy {EMERGENCY} --skip-tests --reason "…"',
        )
    return None


SKIPPING = Gate(
    "Skipped tests",
    _skipping,
    lambda it: it.skip_tests,
    lambda it: f"{it.environment} lets them be skipped in an emergency, and this is one.",
    "Nobody asks to skip the tests.",
)
REVISION = (
    Gate(
        "Source",
        _source,
        lambda it: bool(it.revisions.allowed),
        lambda it: f"`{it.full_ref.removeprefix('refs/')}` is allowed.",
        "Any tag, branch or commit is taken.",
    ),
    Gate(
        "Age",
        _older,
        lambda it: it.revisions.older != "allow",
        lambda _: "It is not older than what runs.",
        "Older revisions are taken as well.",
    ),
    Gate("Signature", _signed, lambda it: it.revisions.signed, lambda _: "The commit is signed.", "None is required."),
)
"""What is judged once, when somebody asks: it is bound to the SHA, to what runs, and to the configuration."""
