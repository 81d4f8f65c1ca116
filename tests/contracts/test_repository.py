"""Repositories are asked alike, through a mirror of plain git or through GitHub: a real repository behind both."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.sandbox.repository import build_repository, commit, git_url, move_tag, sha
from deployers.errors import RefRefused, RepositoryUnreachable
from deployers.github import GitHubRepository
from deployers.github_api import Door
from deployers.ports import Revision
from deployers.repository import GitRepository
from tests.contracts.github_kit import REPOSITORY, TOKEN, github


@pytest.fixture
def origin(tmp_path):
    return build_repository(tmp_path / "origin")


@pytest.fixture
def mirror(origin, tmp_path):
    return GitRepository(git_url(origin), tmp_path / "mirror.git")


@pytest.fixture
def server(origin):
    with github(origin.parent) as running:
        yield running


@pytest.fixture(params=["mirror", "server"])
def repository(request):
    asked = request.getfixturevalue(request.param)
    return asked if request.param == "mirror" else GitHubRepository(Door(REPOSITORY, TOKEN, asked.url))


@pytest.fixture
def goes_away(request, repository, origin):
    """Take the repository away from whoever asks for it."""
    if isinstance(repository, GitHubRepository):
        return lambda: request.getfixturevalue("server").hub.faults.add("reset")
    return lambda: shutil.move(origin, origin.with_name("away"))


def ref(origin, name, to="v2.3"):
    """Create any ref, however hostile its name is."""
    git(origin, "update-ref", name, sha(origin, to))


def git(origin, *words: str):
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(["git", *words], cwd=origin, env=quiet, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("asked", ["v2.3", "tags/v2.3", "refs/tags/v2.3", " v2.3 "])
def test_an_annotated_tag_is_peeled_to_its_commit(repository, origin, asked):
    assert repository.resolve(asked) == Revision("v2.3", "refs/tags/v2.3", sha(origin, "v2.3"))


@pytest.mark.parametrize("asked", ["hotfix/login", "heads/hotfix/login", "refs/heads/hotfix/login"])
def test_a_branch_is_resolved_by_its_name(repository, origin, asked):
    assert repository.resolve(asked) == Revision("hotfix/login", "refs/heads/hotfix/login", sha(origin, "hotfix/login"))


def test_a_full_sha_is_resolved_to_itself_in_either_case(repository, origin):
    full = sha(origin, "v2.2")
    assert repository.resolve(full) == repository.resolve(full.upper()) == Revision(full, "", full)


def test_a_branch_is_resolved_as_it_is_now(repository, origin):
    before = repository.resolve("main").sha
    after = commit(origin, "main", "page: Say goodbye", {"page.html": "bye {version}\n"})
    assert repository.resolve("main").sha == after != before


def test_a_moved_tag_is_seen_by_its_sha(repository, origin):
    before = repository.resolve("v2.3").sha
    move_tag(origin, "v2.3", "v2.2")
    assert repository.resolve("v2.3").sha == sha(origin, "v2.2") != before


def test_a_deleted_tag_is_missing_at_once(repository, origin):
    repository.resolve("v2.5")
    git(origin, "update-ref", "-d", "refs/tags/v2.5")
    with pytest.raises(RefRefused, match=r"no tag and no branch `v2\.5`"):
        repository.resolve("v2.5")


def test_a_missing_ref_is_refused_with_the_closest_names(repository):
    with pytest.raises(RefRefused) as refused:
        repository.resolve("v2.33")
    assert refused.value.closest[0] == "v2.3"
    assert "Did you mean `v2.3`" in str(refused.value)


def test_a_short_sha_is_refused_with_a_hint(repository, origin):
    with pytest.raises(RefRefused, match="looks like a short SHA: type all 40 digits"):
        repository.resolve(sha(origin, "v2.3")[:8])


def test_a_tag_and_a_branch_of_one_name_are_refused_with_both_full_names(repository, origin):
    ref(origin, "refs/heads/v2.2", "main")
    with pytest.raises(RefRefused, match=r"ambiguous: type `refs/tags/v2\.2` or `refs/heads/v2\.2`"):
        repository.resolve("v2.2")
    assert repository.resolve("tags/v2.2").sha == sha(origin, "refs/tags/v2.2")
    assert repository.resolve("heads/v2.2").sha == sha(origin, "main")


@pytest.mark.parametrize("kind", ["tags", "heads"])
@pytest.mark.parametrize("prefix", ["", "full"])
def test_a_name_that_looks_like_a_sha_is_refused(repository, origin, kind, prefix):
    hostile = sha(origin, "v2.2")
    ref(origin, f"refs/{kind}/{hostile}", "v2.4")
    with pytest.raises(RefRefused, match="looks like a SHA but names a tag or a branch"):
        repository.resolve(f"refs/{kind}/{hostile}" if prefix else hostile)


def test_a_sha_that_no_tag_and_no_branch_holds_is_refused(repository, origin):
    lost = commit(origin, "main", "oops: Nothing", {"oops": "oops\n"})
    repository.resolve(lost)
    git(origin, "update-ref", "refs/heads/main", sha(origin, "v2.3"))
    with pytest.raises(RefRefused, match="holds a commit"):
        repository.resolve(lost)
    with pytest.raises(RefRefused, match="holds a commit"):
        repository.resolve("0" * 40)


def test_a_tag_object_and_a_tagged_file_are_no_commits(repository, origin):
    with pytest.raises(RefRefused, match="holds a commit"):
        repository.resolve(git(origin, "rev-parse", "refs/tags/v2.3").strip())
    git(origin, "update-ref", "refs/tags/readme", git(origin, "rev-parse", "v2.3:README.md").strip())
    with pytest.raises(RefRefused, match="does not name a commit"):
        repository.resolve("readme")


@pytest.mark.parametrize("hostile", ["--upload-pack=touch pwned", "v1$(id)", "<!channel>", "v2.3..main", "main@{1}"])
def test_a_hostile_ref_never_reaches_git(origin, tmp_path, hostile):
    repository = GitRepository(git_url(origin), tmp_path / "mirror.git")
    with pytest.raises(RefRefused):
        repository.resolve(hostile)
    assert not (tmp_path / "mirror.git").exists()


def test_hostile_refs_of_the_repository_are_not_suggested(repository, origin):
    for name in ("v1$(id)", "<!channel>", "--upload-pack=x", "f" * 40):
        ref(origin, f"refs/tags/{name}")
    names = [each.ref for each in repository.refs()]
    assert names == ["v2.5", "v2.4", "v2.3", "v2.2", "v2.1", *names[5:]]
    assert set(names[5:]) == {"main", "hotfix/login"}


def test_refs_can_be_searched_and_limited(repository, origin):
    assert [each.ref for each in repository.refs("LOGIN")] == ["hotfix/login"]
    assert [each.ref for each in repository.refs("v2", limit=2)] == ["v2.5", "v2.4"]
    assert repository.refs("v2.5")[0].sha == sha(origin, "v2.5")


def test_what_lies_between_two_releases_is_told(repository, origin):
    seen = repository.between(sha(origin, "v2.1"), sha(origin, "v2.3"), migrations="migrations")
    assert (seen.ahead_count, seen.behind_count, seen.behind) == (9, 0, ())
    assert (seen.ahead[0].subject, seen.ahead[0].author) == ("release: v2.3", "Ben Okafor")
    assert seen.ahead[0].at.isoformat() == "2026-03-18T14:30:00+00:00"
    assert seen.migrations == ("migrations/002_agents.sql",)
    assert "page.html" in seen.touched
    assert (seen.files_changed, seen.insertions > 5, seen.deletions > 0) == (5, True, True)


def test_going_back_names_the_commits_that_disappear_and_the_migrations(repository, origin):
    seen = repository.between(sha(origin, "v2.3"), sha(origin, "v2.1"), migrations="migrations")
    assert (seen.ahead_count, seen.behind_count) == (0, 9)
    assert seen.behind[-1].subject == "page: Leave room around the figures (#8)"
    assert seen.migrations == ("migrations/002_agents.sql",)


def test_branches_that_parted_are_ahead_and_behind(repository, origin):
    seen = repository.between(sha(origin, "main"), sha(origin, "hotfix/login"))
    assert (seen.ahead_count, seen.behind_count, seen.migrations) == (1, 1, ())


def test_where_nothing_runs_yet_everything_is_new(repository, origin):
    seen = repository.between("", sha(origin, "v2.1"), migrations="migrations")
    assert (seen.ahead_count, seen.files_changed, seen.migrations) == (6, 11, ("migrations/001_calls.sql",))


def test_one_release_and_itself_differ_in_nothing(repository, origin):
    seen = repository.between(sha(origin, "v2.1"), sha(origin, "v2.1"), migrations="migrations")
    assert (seen.ahead, seen.behind, seen.touched, seen.files_changed) == ((), (), (), 0)


def test_a_hundred_commits_are_listed_and_all_are_counted(repository, origin):
    base = sha(origin, "main")
    for number in range(103):
        head = commit(origin, "main", f"count: Reach {number}", {"count": f"{number}\n"})
    seen = repository.between(base, head)
    assert (len(seen.ahead), seen.ahead_count) == (100, 103)


def test_subjects_and_paths_of_strangers_come_through_as_they_are(repository, origin):
    base = sha(origin, "main")
    head = commit(origin, "main", "<!channel> `rm` Ünï \x1f", {"über/a\tb.txt": "x\n"})
    seen = repository.between(base, head)
    assert seen.ahead[0].subject.startswith("<!channel> `rm` Ünï")
    assert seen.touched == ("über/a\tb.txt",)


def test_a_folder_of_migrations_is_no_pattern(repository, origin):
    seen = repository.between(sha(origin, "v2.1"), sha(origin, "v2.2"), migrations=":(glob)**")
    assert seen.migrations == ()


def test_a_repository_that_is_away_is_not_answered_for_from_memory(repository, origin, goes_away):
    full = sha(origin, "v2.3")
    repository.resolve("v2.3")
    repository.refs()
    goes_away()
    with pytest.raises(RepositoryUnreachable, match="cannot be read"):
        repository.resolve("v2.3")
    assert repository.refs("v2.3")[0].sha == full
    assert repository.between(full, full).ahead_count == 0


def test_a_commit_that_nobody_has_is_said_to_be_gone(repository):
    with pytest.raises(RepositoryUnreachable, match="has no commit 000000000000 any more"):
        repository.between("", "0" * 40)


def test_a_fetch_that_hangs_is_stopped(tmp_path):
    slow = GitRepository("ssh://nowhere.invalid/x.git", tmp_path / "m.git", ssh_command="sleep 60 #", fetch_timeout=0.5)
    with pytest.raises(RepositoryUnreachable, match=r"stopped after 0\.5 s"):
        slow.resolve("main")


@pytest.mark.parametrize("url", ["ext::sh -c 'touch pwned'", "--upload-pack=touch pwned"])
def test_a_hostile_url_runs_nothing(tmp_path, url):
    with pytest.raises(RepositoryUnreachable):
        GitRepository(url, tmp_path / "m.git").resolve("main")
    assert not list(tmp_path.rglob("pwned"))


def test_credentials_in_the_url_are_not_shown(tmp_path):
    secret = GitRepository(f"file://ana:hunter2@{tmp_path}/nothing", tmp_path / "m.git")
    with pytest.raises(RepositoryUnreachable) as refused:
        secret.resolve("main")
    assert "hunter2" not in str(refused.value)


def test_many_may_ask_at_once(repository, origin):
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(repository.resolve, ["main", "v2.1", "v2.2", "v2.3", "v2.4", "v2.5"] * 2))
    assert {each.ref for each in found} == {"main", "v2.1", "v2.2", "v2.3", "v2.4", "v2.5"}


def test_locks_that_a_killed_git_left_do_not_stop_the_next_fetch(mirror, origin, tmp_path):
    mirror.resolve("main")
    for left in ("packed-refs.lock", "refs/heads/main.lock"):
        path = tmp_path / "mirror.git" / left
        path.touch()
        os.utime(path, (0, 0))
    after = commit(origin, "main", "page: Say goodbye", {"page.html": "bye {version}\n"})
    assert mirror.resolve("main").sha == after


def test_a_mirror_whose_making_was_cut_short_is_made_again(mirror, origin, tmp_path):
    (tmp_path / "mirror.git" / "objects").mkdir(parents=True)
    assert mirror.resolve("v2.3").sha == sha(origin, "v2.3")


def test_files_are_read_as_they_were_at_a_revision_and_missing_ones_are_left_out(repository, origin):
    before = sha(origin, "v2.3")
    after = commit(origin, "main", "db: Räume auf", {"migrations/009_clean.sql": "DROP TABLE räume;\n"})
    wanted = ["migrations/009_clean.sql", "migrations", "no/such file.sql"]
    assert repository.read(after, wanted) == {"migrations/009_clean.sql": "DROP TABLE räume;\n"}
    assert repository.read(before, wanted) == {}


def test_of_a_long_file_only_the_beginning_is_read(repository, origin):
    after = commit(origin, "main", "db: Much", {"migrations/009_much.sql": "-- x\n" * 40_000})
    assert len(repository.read(after, ["migrations/009_much.sql"])["migrations/009_much.sql"]) == 65_536


def test_files_of_a_repository_that_is_away_cannot_be_read(repository, origin, goes_away):
    wanted = sha(origin, "v2.3")
    goes_away()
    with pytest.raises(RepositoryUnreachable):
        repository.read(wanted, ["migrations/003_invoices.sql"])
