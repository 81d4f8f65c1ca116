"""Which refs people may type."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import refs
from deployers.errors import RefRefused

GOOD = ["v2.3", "main", "hotfix/login", "refs/tags/v2.3", "heads/main", "release-2024_10", "1.0.0+build.5", "a" * 40]
HOSTILE = [
    "",
    "   ",
    "--upload-pack=x",
    "-v2.3",
    "v1$(id)",
    "v1`id`",
    "<!channel>",
    "v1..v2",
    "v1@{1}",
    "HEAD~1",
    "v1^{}",
    "v1:README.md",
    "v1 v2",
    "v1\nv2",
    "v1\x00",
    "v1;id",
    "v1|id",
    "v1&id",
    "v1'",
    'v1"',
    "v1\\",
    "*",
    "v[1]",
    "/v1",
    "v1/",
    "v1//x",
    ".v1",
    "x/.v1",
    "v1.",
    "v1.lock",
    "v1.lock/x",
    "v2\u20243",
    "v\uff12.3",
    "m\u0430in",
    "v2.3\u200b",
    "x" * 201,
]


@pytest.mark.parametrize("ref", GOOD)
def test_ordinary_refs_are_taken_as_they_are(ref):
    assert refs.accept(f" {ref} ") == ref


@pytest.mark.parametrize("ref", HOSTILE)
def test_hostile_refs_are_refused(ref):
    with pytest.raises(RefRefused):
        refs.accept(ref)


def answer(text):
    """Return the ref that was taken, and what was said where it was not."""
    try:
        return refs.accept(text), ""
    except RefRefused as refused:
        return "", str(refused)


@given(st.text(max_size=300))
def test_what_is_taken_can_be_handed_to_git_and_a_refusal_cannot_ping_anyone(text):
    taken, said = answer(text)
    assert set(taken) <= set(string.ascii_letters + string.digits + "._/+-")
    assert not taken.startswith("-")
    assert ".." not in taken
    assert not {"<", ">", "\n"} & set(said)
    assert said.isascii()


def test_a_homoglyph_is_named_by_its_number():
    with pytest.raises(RefRefused, match=r"U\+0430.*type it by hand"):
        refs.accept("m\u0430in")


@pytest.mark.parametrize(
    ("ref", "full"),
    [
        ("v2", ("refs/tags/v2", "refs/heads/v2")),
        ("tags/v2", ("refs/tags/v2", "refs/tags/tags/v2", "refs/heads/tags/v2")),
        ("refs/heads/v2", ("refs/heads/v2",)),
        ("refs/notes/v2", ()),
    ],
)
def test_a_ref_means_tags_and_branches_and_nothing_else(ref, full):
    assert refs.meanings(ref) == full


def test_versions_are_ordered_by_their_numbers_and_releases_before_their_candidates():
    names = ["v2.9", "v2.10", "v2.10-rc2", "v2.10-rc10", "v1.0", "nightly"]
    assert refs.newest_first(names) == ["v2.10", "v2.10-rc10", "v2.10-rc2", "v2.9", "v1.0", "nightly"]


@given(st.lists(st.text(string.ascii_lowercase + string.digits + ".-", max_size=8)))
def test_any_names_can_be_ordered(names):
    assert sorted(refs.newest_first(names)) == sorted(names)


def test_the_closest_names_are_those_that_a_person_could_ask_for():
    assert refs.closest("v2.33", ["v2.3", "v2.4", "main", "v2.3$(id)"])[0] == "v2.3"
    assert refs.closest("mian", ["main", "v1"]) == ("main",)


@pytest.mark.parametrize(
    ("ref", "looks_so"), [("e0d7e31", True), ("E0D7E31", False), ("deadbeef", False), ("1234567", True), ("v2", False)]
)
def test_a_short_sha_is_told_from_a_word(ref, looks_so):
    assert refs.is_short_sha(ref) is looks_so
