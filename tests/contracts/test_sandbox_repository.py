"""The sample repository is real, and the same wherever it is built."""

import os
import subprocess

import pytest

from bot.sandbox.history import HISTORY
from bot.sandbox.repository import build_repository, commit, git_url, sha


def git(place, *words: str):
    quiet = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(["git", *words], cwd=place, env=quiet, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path):
    return build_repository(tmp_path)


def test_two_of_them_are_the_same_to_the_last_bit(tmp_path):
    first, second = (build_repository(tmp_path / name) for name in ("one", "two"))
    assert git(first, "for-each-ref") == git(second, "for-each-ref")
    assert git(first, "fsck", "--strict") == ""


def test_one_that_is_there_is_kept_with_what_was_pushed(tmp_path, repository):
    pushed = commit(repository, "main", "page: Wave", {"page.html": "{version}\n"})
    assert sha(build_repository(tmp_path), "main") == pushed


def test_it_has_annotated_tags_and_the_branches_of_a_working_team(repository):
    kinds = git(repository, "for-each-ref", "--format=%(refname:short) %(objecttype)").splitlines()
    assert kinds == ["hotfix/login commit", "main commit", *(f"v2.{minor} tag" for minor in range(1, 6))]


def test_main_is_one_commit_past_v2_3(repository):
    assert sha(repository, "main~1") == sha(repository, "v2.3")


@pytest.mark.parametrize("tag", ["v2.1", "v2.2", "v2.3", "v2.4", "v2.5"])
def test_each_release_says_its_version(repository, tag):
    assert git(repository, "show", f"{tag}:VERSION") == f"{tag}\n"


def test_every_commit_changes_something_on_a_working_day(repository):
    for line in git(repository, "log", "--all", "--shortstat", "--format=@%H").split("@")[1:]:
        assert "changed" in line
    assert all(change.at.weekday() < 5 for change in HISTORY)


def test_it_is_fetched_by_its_url(repository, tmp_path):
    git(tmp_path, "clone", "--quiet", git_url(repository), "copy")
    assert (tmp_path / "copy" / "server.py").exists()
