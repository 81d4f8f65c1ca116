"""The repository's part of the API: refs, commits, comparisons, checks, pull requests, releases."""

from bot.sandbox.github import shapes_pulls
from bot.sandbox.github.calls import Call, Reply, Route, links, paged
from bot.sandbox.github.entities import Json, Status
from bot.sandbox.github.history import Absent, GitCommit
from bot.sandbox.github.hub import Refused
from bot.sandbox.github.shapes import entries, node, number, stamp

_FILES = 300
_REPO = "/repos/{owner}/{repo}"


def repository(call: Call) -> Reply:
    """Return the repository."""
    return Reply(call.shapes.full_repository(call.hub.began))


def ref(call: Call) -> Reply:
    """Return one ref by its exact name."""
    wanted = f"refs/{call.parts['ref']}"
    for one in call.hub.git.refs(wanted):
        if one.full == wanted:
            return Reply(call.shapes.ref(one))
    raise Refused(404, "Not Found")


def matching(call: Call) -> Reply:
    """Return the refs that begin so."""
    return paged(call, call.hub.git.refs(f"refs/{call.parts['ref']}"), call.shapes.ref)


def tag(call: Call) -> Reply:
    """Return an annotated tag."""
    try:
        return Reply(call.shapes.tag(call.parts["tag_sha"], call.hub.git.tag(call.parts["tag_sha"])))
    except Absent as error:
        raise Refused(404, "Not Found") from error


def git_commit(call: Call) -> Reply:
    """Return a commit from the git database."""
    sha = call.parts["commit_sha"]
    if not call.hub.exists(sha):
        raise Refused(404, "Not Found")
    return Reply(call.shapes.git_commit(call.hub.git.commit(sha), signed=sha in call.hub.signed))


def tree(call: Call) -> Reply:
    """Return a tree, or what a commit and a path in it name."""
    try:
        sha, found = call.hub.git.tree(call.parts["tree_sha"], deep="recursive" in call.query)
    except Absent as error:
        raise Refused(404, "Not Found") from error
    url = f"{call.shapes.api}/git/trees/{sha}"
    return Reply({"sha": sha, "url": url, "tree": entries(found, call.shapes.api), "truncated": False})


def tags(call: Call) -> Reply:
    """Return the tags, each with its commit."""
    return paged(call, call.hub.git.refs("refs/tags/")[::-1], lambda one: _tag(call, one.full, one.peeled))


def _tag(call: Call, full: str, sha: str) -> Json:
    name = full.removeprefix("refs/tags/")
    balls = {f"{kind}_url": f"{call.shapes.api}/{kind}/{full}" for kind in ("zipball", "tarball")}
    commit = {"sha": sha, "url": f"{call.shapes.api}/commits/{sha}"}
    return {"name": name, "node_id": node(full), "commit": commit, **balls}


def branches(call: Call) -> Reply:
    """Return the branches."""

    def shape(full: str, sha: str) -> Json:
        name = full.removeprefix("refs/heads/")
        commit = {"sha": sha, "url": f"{call.shapes.api}/commits/{sha}"}
        return {"name": name, "commit": commit, "protected": name == "main"}

    return paged(call, call.hub.git.refs("refs/heads/"), lambda one: shape(one.full, one.sha))


def _commit(call: Call, name: str) -> GitCommit:
    try:
        return call.hub.git.commit(name)
    except Absent as error:
        raise Refused(422, f"No commit found for SHA: {name}") from error


def commit(call: Call) -> Reply:
    """Return a commit."""
    found = _commit(call, call.parts["ref"])
    return Reply(call.shapes.commit(found, signed=found.sha in call.hub.signed))


def commits(call: Call) -> Reply:
    """Return the commits behind one, newest first."""
    page, size = call.page()
    start = _commit(call, call.query.get("sha", "main")).sha
    last = max(-(-call.hub.git.count(start) // size), 1)
    found = call.hub.git.log(start, limit=page * size)[(page - 1) * size :]
    shown = [call.shapes.commit(one, signed=one.sha in call.hub.signed) for one in found]
    return Reply(shown, headers=links(call, page, last))


def compare(call: Call) -> Reply:
    """Return what lies between two commits: the commits oldest first, the files on the first page only."""
    base, dots, head = call.parts["basehead"].partition("...")
    if not dots:
        raise Refused(404, "Not Found")
    git = call.hub.git
    try:
        one, other = git.commit(base), git.commit(head)
        shared = git.merge_base(one.sha, other.sha)
    except Absent as error:
        raise Refused(404, "Not Found") from error
    ahead, behind = git.log(other.sha, f"^{one.sha}")[::-1], git.count(one.sha, f"^{other.sha}")
    page, size = call.page() if "per_page" in call.query or "page" in call.query else (1, 250)
    shown = ahead[(page - 1) * size : page * size]
    html = f"{call.shapes.html}/compare/{base}...{head}"
    words = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    files = git.changed(shared, other.sha)[:_FILES] if page == 1 else []
    body = {
        "url": call.url,
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": call.shapes.commit(one),
        "merge_base_commit": call.shapes.commit(git.commit(shared)),
        "status": words.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        "commits": [call.shapes.commit(it, signed=it.sha in call.hub.signed) for it in shown],
        "files": [call.shapes.file(it, other.sha) for it in files],
    }
    return Reply(body, headers=links(call, page, max(-(-len(ahead) // size), 1)))


def commit_pulls(call: Call) -> Reply:
    """Return the pull requests that brought a commit."""
    found = _commit(call, call.parts["commit_sha"])
    wanted = [pull for pull in call.hub.pulls() if found.sha in (pull.merged_as, pull.head)]
    return paged(call, wanted, lambda pull: shapes_pulls.pull(call.shapes, pull, call.hub.began))


def check_runs(call: Call) -> Reply:
    """Return the check runs of a commit, newest first."""
    sha = _commit(call, call.parts["ref"]).sha
    wanted = call.query.get("check_name", "")
    found = [one for one in call.hub.checks[::-1] if one.sha == sha and wanted in ("", one.name)]
    if call.query.get("filter", "latest") == "latest":
        newest = {(one.suite, one.name): one for one in sorted(found, key=lambda one: one.started)}
        found = [one for one in found if newest[one.suite, one.name] is one]
    return paged(call, found, lambda one: shapes_pulls.check(call.shapes, one), within="check_runs")


def statuses(call: Call) -> Reply:
    """Return the statuses of a commit, newest first."""
    sha = _commit(call, call.parts["ref"]).sha
    newest: list[Status] = sorted((one for one in call.hub.statuses if one.sha == sha), key=lambda one: one.created)
    return paged(call, newest[::-1], lambda one: shapes_pulls.status(call.shapes, one))


def pulls(call: Call) -> Reply:
    """Return the pull requests of a state, newest first."""
    state = call.query.get("state", "open")
    found = [one for one in call.hub.pulls() if state == "all" or (one.merged_at is None) == (state == "open")]
    return paged(call, found, lambda pull: shapes_pulls.pull(call.shapes, pull, call.hub.began))


def releases(call: Call) -> Reply:
    """Return the releases, newest first."""

    def shape(tag: str) -> Json:
        api, html = f"{call.shapes.api}/releases/{tag}", f"{call.shapes.html}/releases"
        balls = {f"{kind}_url": f"{call.shapes.api}/{kind}/{tag}" for kind in ("zipball", "tarball")}
        return {
            **balls,
            "url": api,
            "assets_url": f"{api}/assets",
            "upload_url": f"{api}/assets{{?name,label}}",
            "html_url": f"{html}/tag/{tag}",
            "id": number(tag),
            "node_id": node(tag),
            "tag_name": tag,
            "target_commitish": "main",
            "name": tag,
            "body": f"What is new in {tag}",
            "draft": False,
            "prerelease": call.hub.releases[tag],
            "created_at": stamp(call.hub.began),
            "published_at": stamp(call.hub.began),
            "author": call.shapes.user("ben"),
            "assets": [],
        }

    return paged(call, list(call.hub.releases)[::-1], shape)


ROUTES = (
    Route("GET", _REPO, "get", repository),
    Route("GET", _REPO + "/git/ref/{ref:.+}", "get-ref", ref, "contents"),
    Route("GET", _REPO + "/git/matching-refs/{ref:.*}", "list-matching-refs", matching, "contents"),
    Route("GET", _REPO + "/git/tags/{tag_sha}", "get-tag", tag, "contents"),
    Route("GET", _REPO + "/git/commits/{commit_sha}", "get-commit-object", git_commit, "contents"),
    Route("GET", _REPO + "/git/trees/{tree_sha:.+}", "get-tree", tree, "contents"),
    Route("GET", _REPO + "/tags", "list-tags", tags, "contents"),
    Route("GET", _REPO + "/branches", "list-branches", branches, "contents"),
    Route("GET", _REPO + "/commits", "list-commits", commits, "contents"),
    Route("GET", _REPO + "/commits/{commit_sha}/pulls", "list-pulls-of-commit", commit_pulls, "pull_requests"),
    Route("GET", _REPO + "/commits/{ref}/check-runs", "list-checks", check_runs, "checks"),
    Route("GET", _REPO + "/commits/{ref}/statuses", "list-statuses", statuses, "statuses"),
    Route("GET", _REPO + "/commits/{ref:.+}", "get-commit", commit, "contents"),
    Route("GET", _REPO + "/compare/{basehead:.+}", "compare", compare, "contents"),
    Route("GET", _REPO + "/pulls", "list-pulls", pulls, "pull_requests"),
    Route("GET", _REPO + "/releases", "list-releases", releases, "contents"),
)
