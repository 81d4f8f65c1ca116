"""GitHub is asked with a deadline, once where it counts, with no more rights than needed; its no is put in words."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.github.hub import AppKey as Installed
from bot.sandbox.repository import commit, sha
from deployers.errors import RefRefused, RepositoryUnreachable
from deployers.github import GitHubRepository
from deployers.github_api import AppKey, Door
from deployers.github_errors import GitHubAway, GitHubError, GitHubLimited, GitHubRefused
from tests.contracts.github_kit import REPOSITORY, TOKEN, github
from tests.contracts.github_openapi import Described

READ = {"contents": "read"}


@pytest.fixture
def server(tmp_path):
    with github(tmp_path) as running:
        yield running


@pytest.fixture
def door(server):
    return Door(REPOSITORY, TOKEN, server.url)


@pytest.fixture(scope="module")
def key():
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = serialization.Encoding.PEM
    private = made.private_bytes(text, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = made.public_key().public_bytes(text, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def ask(door, path="/tags"):
    with door.asking(READ) as asker:
        return list(asker.pages(path))


@pytest.mark.parametrize(
    ("fault", "detail", "error", "words"),
    [
        ("broken", "", GitHubAway, "it answered 502"),
        ("reset", "", GitHubAway, "the connection broke"),
        ("hang", "", GitHubAway, "it did not answer in time"),
        ("limit", "", GitHubLimited, r"asked too much in my name and answers again from \d\d:\d\d UTC on"),
        ("secondary_limit", "", GitHubLimited, "answers again in a few minutes"),
        ("secondary_limit", "120", GitHubLimited, "answers again in 120 s"),
        ("status", "401", GitHubRefused, "Check `GITHUB_TOKEN`"),
        ("status", "403", GitHubRefused, "what the token or the App may do there"),
        ("status", "404", GitHubRefused, "Check the name"),
        ("status", "422", GitHubRefused, r"422: Validation Failed"),
    ],
)
def test_whatever_goes_wrong_is_told_in_words_within_five_seconds(server, door, fault, detail, error, words):
    server.hub.faults.add(fault, detail=detail)
    begun = time.monotonic()
    with pytest.raises(error, match=words):
        ask(door)
    assert time.monotonic() - begun < 5


def test_what_is_read_is_asked_once_more_and_what_is_written_never_is(server, door):
    server.hub.faults.add("broken", times=1)
    assert len(ask(door)) == 5
    server.hub.faults.add("broken_after", times=1)
    with pytest.raises(GitHubAway), door.asking({"actions": "write"}) as asker:
        asker.post("/actions/workflows/deploy.yml/dispatches", {"ref": "main"})
    assert len(server.hub.runs) == 1


def test_a_list_whose_third_page_fails_is_no_list(server, door, tmp_path):
    full = sha(tmp_path / "repository.git", "v2.3")
    for number in range(250):
        server.hub.check(full, f"check {number}")
    with door.asking(READ) as asker:
        assert len(list(asker.pages(f"/commits/{full}/check-runs", "check_runs"))) == 250
    server.hub.faults.add("broken", "list-checks", page=3)
    with pytest.raises(GitHubAway), door.asking(READ) as asker:
        list(asker.pages(f"/commits/{full}/check-runs", "check_runs"))


def test_many_answers_have_one_deadline(server):
    now = iter(range(100))
    door = Door(REPOSITORY, TOKEN, server.url, monotonic=lambda: float(next(now)))
    with pytest.raises(GitHubAway, match="took too long"), door.asking(READ, within=3) as asker:
        list(map(asker.get, [""] * 10))


def test_an_app_asks_with_a_token_for_one_repository_and_one_purpose(server, key):
    private, public = key
    server.hub.apps[7] = Installed(7, 11, public)
    door = Door(REPOSITORY, AppKey("7", "11", private), server.url)
    assert len(ask(door)) == 5
    (minted,) = [access for token, access in server.hub.tokens.items() if token.startswith("ghs_")]
    assert (minted.repositories, minted.permissions) == (("call-desk",), READ)
    with pytest.raises(GitHubRefused, match="403"), door.asking(READ) as asker:
        asker.post("/actions/workflows/deploy.yml/dispatches", {"ref": "main"})
    assert server.hub.runs == []


def test_an_app_that_is_not_installed_or_has_another_key_is_refused(server, key):
    private, public = key
    server.hub.apps[7] = Installed(7, 11, public)
    with pytest.raises(GitHubRefused, match="404"):
        ask(Door(REPOSITORY, AppKey("7", "12", private), server.url))
    with pytest.raises(GitHubRefused, match="401"):
        ask(Door(REPOSITORY, AppKey("8", "11", private), server.url))
    with pytest.raises(GitHubRefused, match="the App's private key cannot be used"):
        ask(Door(REPOSITORY, AppKey("7", "11", "not a key"), server.url))


def test_an_app_that_was_suspended_is_told_as_one_that_may_be(server, key):
    private, public = key
    server.hub.apps[7] = Installed(7, 11, public)
    server.hub.faults.add("status", "mint", detail="403")
    with pytest.raises(RepositoryUnreachable, match="that the App is not suspended") as refused:
        GitHubRepository(Door(REPOSITORY, AppKey("7", "11", private), server.url)).resolve("v2.3")
    assert refused.value.final


@pytest.mark.parametrize("ref", ["v2.3", "0" * 40])
def test_a_repository_that_is_not_there_is_not_taken_for_a_ref_that_is_missing(server, ref):
    with pytest.raises(RepositoryUnreachable, match=r"404: Not Found.*Check the name") as refused:
        GitHubRepository(Door("askproai/nothing", TOKEN, server.url)).resolve(ref)
    assert refused.value.final


@pytest.mark.parametrize("fault", ["broken", "limit", "secondary_limit"])
def test_what_may_pass_is_not_taken_for_the_last_word(server, door, fault):
    server.hub.faults.add(fault)
    with pytest.raises(RepositoryUnreachable) as away:
        GitHubRepository(door).resolve("v2.3")
    assert not away.value.final


def test_secrets_are_not_shown(door, key):
    assert TOKEN not in repr(door)
    assert "PRIVATE" not in repr(AppKey("7", "11", key[0]))


def test_nothing_waits_between_requests(door):
    begun = time.monotonic()
    with door.asking(READ) as asker:
        for _ in range(12):
            asker.get("")
    assert time.monotonic() - begun < 12 * 0.25


def test_threads_never_send_each_others_requests(server, door):
    paths = [f"/git/ref/tags/v2.{number}" for number in range(1, 6)] * 8
    gate = threading.Barrier(8)

    def one(path):
        gate.wait(20)
        with door.asking(READ) as asker:
            return asker.get(path)["ref"]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, paths))
    assert found == [f"refs/{path.removeprefix('/git/ref/')}" for path in paths]


def test_a_commit_of_a_fork_is_refused_although_github_shows_it(server, door, tmp_path):
    origin = tmp_path / "repository.git"
    alien = commit(origin, "evil", "evil: Take over", {"evil": "x\n"}, onto="v2.3")
    server.hub.git._git("update-ref", "-d", "refs/heads/evil")
    with door.asking(READ) as asker:
        assert asker.get(f"/commits/{alien}")["sha"] == alien
    with pytest.raises(RefRefused, match="No tag and no branch of the repository holds a commit"):
        GitHubRepository(door).resolve(alien)


def test_a_commit_inside_a_branch_is_found_by_asking_its_holders(door, tmp_path):
    older = sha(tmp_path / "repository.git", "v2.1^")
    assert GitHubRepository(door).resolve(older).sha == older


def test_migrations_are_found_however_many_files_changed(door, tmp_path):
    origin = tmp_path / "repository.git"
    base = sha(origin, "main")
    head = commit(origin, "main", "big: Add much", {f"a/{n}": "x\n" for n in range(400)} | {"migrations/9.sql": "x\n"})
    seen = GitHubRepository(door).between(base, head, migrations="migrations")
    assert (seen.migrations, len(seen.touched)) == (("migrations/9.sql",), 200)


def test_commits_and_comparisons_carry_the_address_at_which_they_can_be_looked_at(door, tmp_path):
    base, head = (sha(tmp_path / "repository.git", ref) for ref in ("v2.1", "v2.3"))
    seen = GitHubRepository(door).between(base, head)
    assert seen.url.endswith(f"/{REPOSITORY}/compare/{base}...{head}")
    assert seen.ahead[0].url.endswith(f"/{REPOSITORY}/commit/{head}")


def test_names_are_remembered_for_suggestions_and_never_for_deciding(server, door):
    repository = GitHubRepository(door)
    repository.refs()
    server.hub.faults.add("reset")
    assert repository.refs("v2.3")[0].ref == "v2.3"
    with pytest.raises(RepositoryUnreachable, match="the connection broke"):
        repository.resolve("v2.3")


def test_releases_are_marked_among_the_tags_that_are_suggested(server, door):
    server.hub.releases |= {"v2.3": False, "v2.4": True}
    told = {it.ref: it.published for it in GitHubRepository(door).refs()}
    assert (told["v2.3"], told["v2.4"], told["v2.5"], told["main"]) == ("release", "pre-release", "", "")


def test_names_are_suggested_without_releases_where_those_are_not_shown(server, door):
    server.hub.faults.add("status", "list-releases", detail="403")
    assert GitHubRepository(door).refs("v2.3")[0].published == ""


def test_every_request_is_one_that_github_describes(server, door, tmp_path):
    origin = tmp_path / "repository.git"
    repository = GitHubRepository(door)
    server.hub.releases["v2.3"] = False
    for ref in ("v2.3", "main", sha(origin, "v2.1^"), "v2.33"):
        try:
            repository.resolve(ref)
        except RefRefused:
            assert ref == "v2.33"
    repository.refs()
    repository.between(sha(origin, "main"), sha(origin, "hotfix/login"), migrations="migrations")
    repository.between("", sha(origin, "v2.3"), migrations="migrations")
    described = Described()
    assert [fault for one in server.hub.exchanges for fault in described.faults(one)] == []
    assert len(server.hub.exchanges) > 20


def test_all_errors_of_github_have_one_root():
    assert issubclass(GitHubAway, GitHubError)
    assert {GitHubAway.code, GitHubLimited.code, GitHubRefused.code} == {
        "github_away",
        "github_limited",
        "github_refused",
    }
