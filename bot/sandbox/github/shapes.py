"""The JSON of GitHub's answers about the repository, shaped after GitHub's own OpenAPI description."""

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from zlib import crc32

from bot.sandbox.github.entities import Json
from bot.sandbox.github.history import Changed, GitCommit, GitRef, Signature

_USER_URLS = (
    *("avatar_url", "events_url", "followers_url", "following_url", "gists_url", "html_url", "organizations_url"),
    *("received_events_url", "repos_url", "starred_url", "subscriptions_url"),
)
_REPOSITORY_URLS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags"),
    *("teams", "trees"),
)
_COUNTS = (
    *("forks", "forks_count", "network_count", "open_issues", "open_issues_count", "size", "stargazers_count"),
    *("subscribers_count", "watchers", "watchers_count"),
)


def stamp(at: datetime | None) -> str | None:
    """Return a time as GitHub writes it; None stays None."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def number(text: str) -> int:
    """Return an id for something that has none of its own, always the same."""
    return crc32(text.encode())


def node(text: str) -> str:
    """Return an opaque id, as GitHub's GraphQL has for everything."""
    return b64encode(text.encode()).decode()


class Shapes:
    """Knows where the stand-in answers, and of which repository."""

    def __init__(self, url: str, owner: str, name: str) -> None:
        self.url = url
        self.owner, self.name = owner, name
        self.full_name = f"{owner}/{name}"
        self.api = f"{url}/repos/{self.full_name}"
        self.html = f"{url}/{self.full_name}"

    def user(self, login: str) -> Json:
        """Return a user, or a bot."""
        api = f"{self.url}/users/{login}"
        return {
            **dict.fromkeys(_USER_URLS, api),
            "login": login,
            "id": number(login),
            "node_id": node(login),
            "gravatar_id": "",
            "html_url": f"{self.url}/{login}",
            "site_admin": False,
            "type": "Bot" if login.endswith("[bot]") else "User",
            "url": api,
        }

    def repository(self) -> Json:
        """Return the repository, in short."""
        return {
            **{f"{part}_url": f"{self.api}/{part.replace('_', '/')}" for part in _REPOSITORY_URLS},
            "id": number(self.full_name),
            "node_id": node(self.full_name),
            "name": self.name,
            "full_name": self.full_name,
            "owner": self.user(self.owner),
            "private": True,
            "fork": False,
            "description": "The sample application",
            "html_url": self.html,
            "url": self.api,
        }

    def full_repository(self, since: datetime) -> Json:
        """Return the repository with everything about it."""
        return {
            **self.repository(),
            **dict.fromkeys(_COUNTS, 0),
            **{f"has_{part}": True for part in ("discussions", "downloads", "issues", "pages", "projects", "wiki")},
            **{f"{kind}_url": f"{self.html}.git" for kind in ("clone", "git", "ssh", "svn")},
            **{f"{what}_at": stamp(since) for what in ("created", "pushed", "updated")},
            "archived": False,
            "default_branch": "main",
            "disabled": False,
            "homepage": None,
            "language": "Python",
            "license": None,
            "mirror_url": None,
        }

    def ref(self, ref: GitRef) -> Json:
        """Return a git ref."""
        kind = "tags" if ref.kind == "tag" else "commits"
        return {
            "ref": ref.full,
            "node_id": node(ref.full),
            "url": f"{self.api}/git/{ref.full}",
            "object": {"sha": ref.sha, "type": ref.kind, "url": f"{self.api}/git/{kind}/{ref.sha}"},
        }

    def tag(self, sha: str, about: tuple[str, str, str, Signature, str]) -> Json:
        """Return an annotated tag."""
        target, kind, name, tagger, message = about
        return {
            "node_id": node(sha),
            "sha": sha,
            "tag": name,
            "message": message,
            "url": f"{self.api}/git/tags/{sha}",
            "tagger": _git_user(tagger),
            "object": {"sha": target, "type": kind, "url": f"{self.api}/git/{kind}s/{target}"},
        }

    def commit(self, commit: GitCommit, *, signed: bool = False) -> Json:
        """Return a commit, as lists have it."""
        api = f"{self.api}/commits/{commit.sha}"
        return {
            "sha": commit.sha,
            "node_id": node(commit.sha),
            "url": api,
            "html_url": f"{self.html}/commit/{commit.sha}",
            "comments_url": f"{api}/comments",
            "author": self.user(commit.author.login),
            "committer": self.user(commit.committer.login),
            "parents": [{"sha": one, "url": f"{self.api}/commits/{one}"} for one in commit.parents],
            "commit": {
                "url": f"{self.api}/git/commits/{commit.sha}",
                "author": _git_user(commit.author),
                "committer": _git_user(commit.committer),
                "message": commit.message,
                "comment_count": 0,
                "tree": {"sha": commit.tree, "url": f"{self.api}/git/trees/{commit.tree}"},
                "verification": _verification(signed=signed),
            },
        }

    def git_commit(self, commit: GitCommit, *, signed: bool = False) -> Json:
        """Return a commit, as the git database has it."""
        within = self.commit(commit)
        return {
            "sha": commit.sha,
            "node_id": within["node_id"],
            "url": within["commit"]["url"],
            "html_url": within["html_url"],
            "author": within["commit"]["author"],
            "committer": within["commit"]["committer"],
            "message": commit.message,
            "tree": within["commit"]["tree"],
            "parents": [{**one, "html_url": f"{self.html}/commit/{one['sha']}"} for one in within["parents"]],
            "verification": _verification(signed=signed),
        }

    def file(self, file: Changed, head: str) -> Json:
        """Return a changed file."""
        return {
            "sha": file.blob,
            "filename": file.path,
            "status": file.status,
            "additions": file.additions,
            "deletions": file.deletions,
            "changes": file.additions + file.deletions,
            "blob_url": f"{self.html}/blob/{head}/{file.path}",
            "raw_url": f"{self.html}/raw/{head}/{file.path}",
            "contents_url": f"{self.api}/contents/{file.path}?ref={head}",
        }


def entries(found: Iterable[tuple[str, str, str, str]], api: str) -> list[Json]:
    """Return a tree's entries."""
    return [
        {"path": path, "mode": mode, "type": kind, "sha": sha, "url": f"{api}/git/{kind}s/{sha}"}
        for mode, kind, sha, path in found
    ]


def _git_user(who: Signature) -> Json:
    return {"name": who.name, "email": who.email, "date": stamp(who.at)}


def _verification(*, signed: bool) -> Json:
    signature = {"signature": "-----BEGIN SSH SIGNATURE-----", "payload": "tree"} if signed else {}
    reason = "valid" if signed else "unsigned"
    return {"verified": signed, "reason": reason, "signature": None, "payload": None, "verified_at": None, **signature}
