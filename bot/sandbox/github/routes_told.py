"""The part of the API that holds what is written down: files of a commit, and comments under pull requests."""

from base64 import b64encode
from hashlib import sha1

from bot.sandbox.github.calls import Call, Reply, Route, paged
from bot.sandbox.github.entities import Comment, Json, Workflow
from bot.sandbox.github.history import Absent
from bot.sandbox.github.hub import Refused
from bot.sandbox.github.shapes import Shapes, node, stamp

_REPO = "/repos/{owner}/{repo}"


def contents(call: Call) -> Reply:
    """Return a file as it is at a commit; a workflow's as the stand-in plays it."""
    path = call.parts["path"]
    at = call.hub.git.commit(call.query.get("ref", "main")).sha
    one = next((it for it in call.hub.workflows if it.path == path), None)
    try:
        told = _written(one) if one else call.hub.git.content(at, path)
    except Absent as error:
        raise Refused(404, "Not Found") from error
    raw = told.encode()
    sha = sha1(b"blob %d\0" % len(raw) + raw, usedforsecurity=False).hexdigest()
    api = f"{call.shapes.api}/contents/{path}"
    links = {"self": api, "git": f"{call.shapes.api}/git/blobs/{sha}", "html": f"{call.shapes.html}/blob/main/{path}"}
    about = {"name": path.rsplit("/", 1)[-1], "path": path, "sha": sha, "size": len(raw), "type": "file"}
    urls = {"url": api, "git_url": links["git"], "html_url": links["html"], "download_url": links["html"]}
    return Reply({**about, **urls, "encoding": "base64", "content": b64encode(raw).decode(), "_links": links})


def _written(one: Workflow) -> str:
    """Return what stands in a workflow's file: how its jobs go today does not."""
    return repr((one.name, one.inputs, one.run_name, [(task.name, task.steps) for task in one.tasks]))


def comments(call: Call) -> Reply:
    """Return the comments under a pull request, oldest first."""
    number = _pull(call)
    found = [one for one in call.hub.comments if one.pull == number]
    return paged(call, found, lambda one: _comment(call.shapes, one))


def comment(call: Call) -> Reply:
    """Write a comment under a pull request."""
    made = Comment(next(call.hub.ids), _pull(call), call.text("body"), call.access.login, call.hub.clock())
    call.hub.comments.append(made)
    return Reply(_comment(call.shapes, made), status=201)


def _pull(call: Call) -> int:
    number = call.whole("issue_number")
    if all(one.number != number for one in call.hub.pulls()):
        raise Refused(404, "Not Found")
    return number


def _comment(shapes: Shapes, one: Comment) -> Json:
    api = f"{shapes.api}/issues/comments/{one.id}"
    return {
        "id": one.id,
        "node_id": node(api),
        "url": api,
        "html_url": f"{shapes.html}/pull/{one.pull}#issuecomment-{one.id}",
        "issue_url": f"{shapes.api}/issues/{one.pull}",
        "body": one.body,
        "user": shapes.user(one.author),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.created),
        "author_association": "CONTRIBUTOR",
        "performed_via_github_app": None,
    }


_COMMENTS = _REPO + "/issues/{issue_number}/comments"
ROUTES = (
    Route("GET", _REPO + "/contents/{path:.+}", "get-content", contents, "contents"),
    Route("GET", _COMMENTS, "list-comments", comments, "issues"),
    Route("POST", _COMMENTS, "create-comment", comment, "issues", "write"),
)
