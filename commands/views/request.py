"""What stands beside the button: who wants what where, what goes live, and what could go wrong."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from commands.replies import Block
from commands.views.blocks import context, escape, facts, line, section
from commands.views.words import clock, count, goes_to, lasting, release, short, when, who
from storage.models import Approval, Decision, Deployment, Kind
from storage.reports import Facts

MOST_COMMITS = 10
MOST_MIGRATIONS = 8
MOST_PULLS = 8
MOST_PLACES = 8
MOST_NAMES = 10
_PULL = re.compile(r"(?:Merge pull request |\()#(\d{1,9})")


def request(seen: Facts) -> list[Block]:
    """Return the facts of a deployment with everything one wants to know before agreeing to it."""
    deployment = seen.deployment
    blocks = [summary(seen)]
    if deployment.reason:
        blocks.append(section(f"*Reason*\n{line(deployment.reason, 500)}"))
    return [*blocks, *changes(seen.plan, seen.seen, deployment), *warnings(seen.seen)]


def summary(seen: Facts) -> Block:
    """Return the short facts in two columns; the sentence above them says who wants what where."""
    deployment = seen.deployment
    return facts(
        [
            ("Release", _release(deployment)),
            ("Replaces", _replaced(deployment)),
            ("Changes", _size(seen.seen) or "not known"),
            ("Plan", _way(seen)),
        ]
    )


def digest(seen: Facts) -> str:
    """Return the same facts in one line, for a card that has become quiet."""
    deployment = seen.deployment
    over = f"over {_replaced(deployment)}" if deployment.replaces_sha else "as the first release"
    parts = [f"{_release(deployment)} {over}", _size(seen.seen)]
    return " · ".join(it for it in parts if it)


def asked_by(deployment: Deployment) -> str:
    """Return who wanted it, where the sentence above does not say so."""
    return f"asked for by {who(deployment.requested_by, deployment.requested_name)}"


def changes(plan: Mapping[str, Any], seen: Mapping[str, Any], deployment: Deployment) -> list[Block]:
    """Return the commits, pull requests and migrations between what runs and what is asked."""
    disappear = deployment.kind is Kind.ROLLBACK
    commits = seen.get("commits", [])
    total = max(int(seen.get("commits_count", 0)), len(commits))
    blocks = []
    if commits:
        title = "Commits that disappear" if disappear else "Commits that go live"
        blocks.append(section(f"*{title}* ({total})\n{commit_lines(commits, total)}"))
    if known := seen.get("pulls"):
        blocks.append(section(f"*Pull requests* ({len(known)})\n{_pull_lines(known)}"))
    elif pulls := _pulls(commits):
        blocks.append(context(f"Pull requests: {', '.join(pulls)}"))
    if migrations := plan.get("migrations", []):
        listed = _listed(migrations, plan.get("compatible", ()), seen.get("ran", ()))
        blocks.append(section(f"*Migrations* ({len(migrations)})\n{listed}"))
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
    title = ":warning: *Risks*" if risks else "*Risks*"
    blocks = [section(f"{title}\n" + ("\n".join(risks) or "no risks found"))]
    findings = seen.get("preflight", [])
    bad = [it for it in findings if not it.get("good")]
    if bad:
        told = "\n".join(
            f"• {line(it['where'], 60)}: {line(it['what'], 120)} {line(it.get('detail', ''), 200)}" for it in bad[:10]
        )
        blocks.append(section(f"*Preflight*\n{told}"))
    elif findings:
        places = list(dict.fromkeys(line(it["where"], 40) for it in findings))
        more = f" and {len(places) - MOST_PLACES} more" if len(places) > MOST_PLACES else ""
        blocks.append(context(f"Looked at beforehand: {', '.join(places[:MOST_PLACES])}{more}, all good"))
    return blocks


def agreed(approvals: Sequence[Approval], plan_hash: str) -> list[Approval]:
    """Return the approvals of this very plan."""
    return [it for it in approvals if it.decision is Decision.APPROVED and it.plan_hash == plan_hash]


def approved(approvals: Sequence[Approval], plan_hash: str) -> str:
    """Return who has agreed to this very plan; empty when nobody has."""
    given = agreed(approvals, plan_hash)
    more = f" and {len(given) - MOST_NAMES} more" if len(given) > MOST_NAMES else ""
    names = ", ".join(f"{who(it.person, it.name)} {clock(it.at)}" for it in given[:MOST_NAMES])
    return f"Approved by {names}{more}" if given else ""


def needs(seen: Facts) -> str:
    """Return whose approval is missing, and until when."""
    deployment = seen.deployment
    policy = seen.plan.get("resolved", {}).get("approvals", {})
    missing = int(policy.get("required", 0)) - len(agreed(seen.approvals, deployment.plan_hash))
    until = f" until {when(deployment.expires_at)}" if deployment.expires_at else ""
    if missing <= 0:
        return f"Waits{until}"
    given = "more approval" if seen.approvals else "approval"
    people = "somebody" if missing == 1 else "people"
    role = escape(str(policy.get("role", "approver")))
    return f"Needs {count(missing, given)} from {people} with the role `{role}`{until}"


def _release(deployment: Deployment) -> str:
    named = release(deployment.ref, deployment.sha)
    return named if deployment.ref == deployment.sha else f"{named} ({escape(short(deployment.sha))})"


def _replaced(deployment: Deployment) -> str:
    if not deployment.replaces_sha:
        return "nothing yet"
    return release(deployment.replaces_ref or deployment.replaces_sha, deployment.replaces_sha)


def _way(seen: Facts) -> str:
    deployment = seen.deployment
    targets = goes_to(seen.plan)
    over = f" over {count(len(targets), 'target')}" if targets else ""
    how = f"{escape(deployment.strategy)}{over}" if deployment.kind is Kind.DEPLOY else f"back{over}, all at once"
    waits = deployment.started_at is None and seen.typical_seconds
    return f"{how}, usually {lasting(seen.typical_seconds)}" if waits else how


def _size(seen: Mapping[str, Any]) -> str:
    if "commits_count" not in seen:
        return ""
    parts = [count(int(seen["commits_count"]), "commit")]
    if seen.get("files_changed"):
        parts.append(count(int(seen["files_changed"]), "file"))
        if seen.get("insertions") or seen.get("deletions"):
            parts.append(f"+{seen.get('insertions', 0)} −{seen.get('deletions', 0)}")
    return ", ".join(parts)


def _pull_lines(pulls: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for it in pulls[:MOST_PULLS]:
        labels = "".join(f" `{line(name, 30)}`" for name in it["labels"][:3])
        lines.append(
            f"• <{escape(it['url'])}|#{it['number']}> {line(it['title'], 80)} by {line(it['author'], 40)}{labels}"
        )
    if (more := len(pulls) - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "\n".join(lines)


def _pulls(commits: Sequence[Mapping[str, Any]]) -> list[str]:
    found = (match for it in commits for match in _PULL.findall(it["subject"]))
    return [f"#{number}" for number in list(dict.fromkeys(found))[:20]]


def _listed(paths: Sequence[str], compatible: Sequence[str], ran: Sequence[str]) -> str:
    remarks = ((compatible, ", declared compatible"), (ran, ", has run already"))
    lines = [
        f"• `{line(it, 150)}`{''.join(remark for those, remark in remarks if it in those)}"
        for it in paths[:MOST_MIGRATIONS]
    ]
    if (more := len(paths) - len(lines)) > 0:
        lines.append(f"… and {more} more")
    return "\n".join(lines)
