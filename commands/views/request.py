"""What stands beside the button: who wants what where, what goes live, and what could go wrong."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from commands.replies import Block
from commands.views.blocks import context, escape, facts, line, section
from commands.views.words import count, release, short, when, who
from storage.models import Approval, Decision, Deployment, Kind
from storage.reports import Facts

MOST_COMMITS = 10
MOST_MIGRATIONS = 8
_PULL = re.compile(r"(?:Merge pull request |\()#(\d{1,9})")


def request(seen: Facts) -> list[Block]:
    """Return the facts of a deployment with everything one wants to know before agreeing to it."""
    deployment = seen.deployment
    blocks = [summary(seen)]
    if deployment.reason:
        blocks.append(section(f"*Reason*\n{line(deployment.reason, 500)}"))
    return [*blocks, *changes(seen.plan, seen.seen, deployment), *warnings(seen.seen)]


def summary(seen: Facts) -> Block:
    """Return the short facts in two columns."""
    deployment = seen.deployment
    replaced = release(deployment.replaces_ref or deployment.replaces_sha or "", deployment.replaces_sha)
    return facts(
        [
            ("Environment", escape(deployment.environment)),
            ("Release", _release(deployment)),
            ("Replaces", replaced if deployment.replaces_sha else "nothing yet"),
            (
                "Strategy",
                escape(deployment.strategy) if deployment.kind is Kind.DEPLOY else "back, all targets at once",
            ),
            ("Requested by", who(deployment.requested_by, deployment.requested_name)),
            ("Changes", _size(seen.seen)),
        ]
    )


def changes(plan: Mapping[str, Any], seen: Mapping[str, Any], deployment: Deployment) -> list[Block]:
    """Return the commits, pull requests and migrations between what runs and what is asked."""
    disappear = deployment.kind is Kind.ROLLBACK
    commits = seen.get("commits", [])
    total = max(int(seen.get("commits_count", 0)), len(commits))
    blocks = []
    if commits:
        title = "Commits that disappear" if disappear else "Commits that go live"
        blocks.append(section(f"*{title}* ({total})\n{commit_lines(commits, total)}"))
    if pulls := _pulls(commits):
        blocks.append(context(f"Pull requests: {', '.join(pulls)}"))
    if migrations := plan.get("migrations", []):
        blocks.append(section(f"*Migrations* ({len(migrations)})\n{_listed(migrations)}"))
    return blocks


def commit_lines(commits: Sequence[Mapping[str, Any]], total: int) -> str:
    """Return commits as lines, the newest first, and how many more there are."""
    lines = [
        f"• `{escape(short(it['sha']))}` {line(it['subject'], 120)} — {line(it['author'], 40)}"
        for it in commits[:MOST_COMMITS]
    ]
    if (more := total - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "\n".join(lines)


def warnings(seen: Mapping[str, Any]) -> list[Block]:
    """Return the risks (or that there are none) and what the preflight found."""
    risks = [f"• {line(it, 200)}" for it in seen.get("risks", [])[:10]]
    blocks = [section("*Risks*\n" + ("\n".join(risks) or "no risks found"))]
    findings = seen.get("preflight", [])
    bad = [it for it in findings if not it.get("good")]
    if bad:
        told = "\n".join(
            f"• {line(it['where'], 60)}: {line(it['what'], 120)} {line(it.get('detail', ''), 200)}" for it in bad[:10]
        )
        blocks.append(section(f"*Preflight*\n{told}"))
    elif findings:
        places = len({it["where"] for it in findings})
        blocks.append(context(f"Preflight: {count(len(findings), 'look')} at {count(places, 'place')}, all good"))
    return blocks


def decisions(approvals: Sequence[Approval], plan_hash: str, required: int | None = None) -> list[Block]:
    """Return who has agreed to this very plan."""
    agreed = [it for it in approvals if it.decision is Decision.APPROVED and it.plan_hash == plan_hash]
    if not agreed:
        return []
    names = ", ".join(f"{who(it.person, it.name)} {when(it.at)}" for it in agreed[:10])
    of = f" ({len(agreed)} of {required})" if required and len(agreed) < required else ""
    return [context(f"Approved by {names}{of}")]


def _release(deployment: Deployment) -> str:
    named = release(deployment.ref, deployment.sha)
    return named if deployment.ref == deployment.sha else f"{named} ({escape(short(deployment.sha))})"


def _size(seen: Mapping[str, Any]) -> str:
    if "commits_count" not in seen:
        return ""
    parts = [count(int(seen["commits_count"]), "commit")]
    if seen.get("files_changed"):
        parts.append(count(int(seen["files_changed"]), "file"))
        parts.append(f"+{seen.get('insertions', 0)} −{seen.get('deletions', 0)}")
    return ", ".join(parts)


def _pulls(commits: Sequence[Mapping[str, Any]]) -> list[str]:
    found = (match for it in commits for match in _PULL.findall(it["subject"]))
    return [f"#{number}" for number in list(dict.fromkeys(found))[:20]]


def _listed(paths: Sequence[str]) -> str:
    lines = [f"• `{line(it, 150)}`" for it in paths[:MOST_MIGRATIONS]]
    if (more := len(paths) - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "\n".join(lines)
