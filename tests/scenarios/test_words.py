"""What people type: hostile, mistaken, ambiguous, from a phone; each is understood or refused with what to type."""

import subprocess

import pytest

from bot.sandbox.repository import sha

FORTY = "deadbeef" * 5


def names(scene, ref: str, what: str) -> None:
    """Give a commit one more name in the repository."""
    repository = scene.world.repository
    subprocess.run(["git", "update-ref", ref, sha(repository, what)], cwd=repository, check=True)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("production --upload-pack=touch", "I know no option `--upload-pack`"),
        ("production -upload-pack=touch", "begins with a dash"),
        ("production v1$(id)", "letters, digits and"),
        ("production <!channel>", "letters, digits and"),
        ("production v2.3`id`", "letters, digits and"),
        ("production ../../etc/passwd", "letters, digits and"),
        ("production ｖ2.3", "(U+FF56) that is not plain ASCII"),
        ("prоduction v2.3", "Did you mean `production`?"),
        ("prodution v2.3", "Did you mean `production`?"),
        ("moon v2.3", "There is `staging`, `production`"),
        ("production v2.33", "v2.3"),
        ("production v2.3 --stratgy rolling", "`--strategy`"),
        ("production v2.3 --strategy moonshot", "It allows `rolling`"),
        ("production v2.3 now please", "I do not know what"),
        ("production", "Say which release goes to production"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_could_be_and_pings_nobody(calm, typed, told):
    calm.says("ana", f"/deploy {typed}")
    said = calm.is_told("ana", told)
    assert "<!" not in said
    assert len(calm.refusals("ana")) == 1
    assert calm.unfinished() == []


def test_a_name_that_looks_like_a_sha_is_never_taken_for_one(calm):
    names(calm, f"refs/tags/{FORTY}", "v2.3")
    calm.says("ana", f"/deploy production {FORTY}")
    calm.is_told("ana", FORTY[:7])
    assert len(calm.refusals("ana")) == 1
    assert calm.unfinished() == []


def test_a_name_that_is_a_tag_and_a_branch_has_to_be_said_in_full(calm):
    names(calm, "refs/tags/both", "v2.3")
    names(calm, "refs/heads/both", "v2.1")
    calm.says("ana", "/deploy production both")
    calm.is_told("ana", "refs/tags/both", "refs/heads/both")
    assert calm.unfinished() == []
    number = calm.asks("refs/tags/both")
    assert calm.rows("SELECT sha FROM deployment WHERE id = ?", number) == [(sha(calm.world.repository, "v2.3"),)]


def test_what_a_phone_makes_of_it_means_the_same_in_any_order(calm):
    calm.says("ana", "/deploy v2.3  —reason “don’t panic — it’s small” Prod —strategy rolling")
    number = calm.until("a request", calm.unfinished)[0]
    calm.shows(number, "`v2.3` to *production*", "don’t panic — it’s small")


def test_a_reason_reaches_everybody_and_pings_nobody(calm):
    calm.says("ana", "/deploy production v2.3 --reason <!channel> & <@U0BEN> look")
    number = calm.until("a request", calm.unfinished)[0]
    assert "<!channel>" not in calm.shows(number, "look")
    assert "<@U0BEN>" not in calm.card(number)


def test_what_runs_there_is_not_deployed_again(calm):
    before = calm.newest()
    calm.says("ana", "/deploy production v2.2")
    calm.is_told("ana", "already runs", "v2.2", "/rollback latest production")
    assert calm.newest() == before


def test_asking_twice_joins_the_open_request(calm):
    number = calm.asks("v2.3")
    calm.says("omar", "/deploy production v2.3")
    calm.is_told("omar", f"#{number}", "waits for approval already", "You have joined it")
    assert calm.newest() == number


def test_the_bare_command_opens_a_form_with_suggestions(calm):
    slack = calm.world.slack
    calm.says("ana", "/deploy")
    calm.until("the form", lambda: slack.modal("ana"))
    offered = slack.suggestions("ana", "deploy.ref", "v2.")
    assert any("v2.3" in it for it in offered)
    faults = slack.submits("ana", {"environment": "production", "ref": "v2.3", "reason": "because"})
    assert faults == {}
    calm.is_told("ana", "v2.3", "needs 1 approval")


def test_where_there_is_only_git_it_is_said_what_cannot_be_known(calm):
    calm.says("ana", "/deploy diff production v2.3")
    calm.is_told("ana", "*Commits that go live*", "There is only git here")
    calm.says("ana", "/deploy why production v2.3")
    calm.is_told("ana", "No gate is shut.", "It would need 1 approval")
    calm.says("ana", "/ops prs")
    calm.is_told("ana", "pull requests are GitHub's", "`GITHUB_TOKEN`")
