"""The JSON of GitHub's answers about pull requests, check runs and commit statuses."""

from datetime import UTC, datetime

from bot.sandbox.github.entities import Check, Json, Pull, Status
from bot.sandbox.github.shapes import Shapes, node, number, stamp

BEGAN = datetime(2026, 3, 1, tzinfo=UTC)
"""When every repository was made."""


def pull(shapes: Shapes, pull: Pull, since: datetime) -> Json:
    """Return a pull request, as lists have it."""
    api, html = f"{shapes.api}/pulls/{pull.number}", f"{shapes.html}/pull/{pull.number}"
    issue = f"{shapes.api}/issues/{pull.number}"
    links = {
        "comments_url": f"{issue}/comments",
        "commits_url": f"{api}/commits",
        "issue_url": issue,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "html_url": html,
        "url": api,
        "review_comment_url": f"{api}/comments/{{number}}",
        "review_comments_url": f"{api}/comments",
        "statuses_url": f"{shapes.api}/statuses/{pull.head}",
    }
    names = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment")
    closed = stamp(pull.merged_at)
    return {
        **links,
        "_links": {**{name: {"href": links[f"{name}_url"]} for name in names}, "self": {"href": api}},
        "id": pull.number,
        "node_id": node(api),
        "number": pull.number,
        "state": "closed" if pull.merged_at else "open",
        "locked": False,
        "title": pull.title,
        "user": shapes.user(pull.author),
        "body": pull.body,
        "labels": [_label(shapes, name) for name in pull.labels],
        "milestone": None,
        "created_at": stamp(pull.created or since),
        "updated_at": closed or stamp(pull.created or since),
        "closed_at": closed,
        "merged_at": closed,
        "merge_commit_sha": pull.merged_as or None,
        "assignee": None,
        "auto_merge": None,
        "author_association": "CONTRIBUTOR" if pull.fork else "MEMBER",
        "head": _side(shapes, pull.branch, pull.head, pull.author if pull.fork else shapes.owner),
        "base": _side(shapes, "main", pull.head, shapes.owner),
    }


def _side(shapes: Shapes, branch: str, sha: str, owner: str) -> Json:
    repository = Shapes(shapes.url, owner, shapes.name).repository() | {"fork": owner != shapes.owner}
    side = {"label": f"{owner}:{branch}", "ref": branch, "sha": sha, "user": shapes.user(owner)}
    return {**side, "repo": {**shapes.full_repository(BEGAN), **repository}}


def _label(shapes: Shapes, name: str) -> Json:
    url = f"{shapes.api}/labels/{name}"
    about = {"description": name, "color": "ededed", "default": False}
    return {"id": number(name), "node_id": node(name), "url": url, "name": name, **about}


def check(shapes: Shapes, check: Check) -> Json:
    """Return a check run."""
    api = f"{shapes.api}/check-runs/{check.id}"
    return {
        "id": check.id,
        "node_id": node(api),
        "name": check.name,
        "head_sha": check.sha,
        "external_id": "",
        "status": check.status,
        "conclusion": check.conclusion,
        "started_at": stamp(check.started),
        "completed_at": stamp(check.completed),
        "details_url": f"{shapes.html}/runs/{check.id}",
        "html_url": f"{shapes.html}/runs/{check.id}",
        "url": api,
        "output": {
            "title": None,
            "summary": None,
            "text": None,
            "annotations_count": 0,
            "annotations_url": f"{api}/annotations",
        },
        "check_suite": {"id": check.suite},
        "app": _app(shapes, check.app, check.started),
        "pull_requests": [],
    }


def _app(shapes: Shapes, slug: str, since: datetime) -> Json:
    return {
        "id": number(slug),
        "slug": slug,
        "node_id": node(slug),
        "owner": shapes.user("github"),
        "name": slug,
        "description": None,
        "external_url": shapes.url,
        "html_url": f"{shapes.url}/apps/{slug}",
        "created_at": stamp(since),
        "updated_at": stamp(since),
        "permissions": {"checks": "write", "metadata": "read"},
        "events": [],
    }


def status(shapes: Shapes, status: Status) -> Json:
    """Return a commit status."""
    return {
        "id": status.id,
        "node_id": node(str(status.id)),
        "url": f"{shapes.api}/statuses/{status.sha}",
        "avatar_url": f"{shapes.url}/avatar",
        "state": status.state,
        "context": status.context,
        "description": status.description,
        "target_url": f"{shapes.html}/status/{status.id}",
        "created_at": stamp(status.created),
        "updated_at": stamp(status.created),
        "creator": shapes.user("ci"),
    }
