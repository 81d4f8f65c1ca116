"""Each law has a test that fails when one line of it is taken away."""

import pytest

from tests.mutations.__main__ import ROOT, copied, mutated, tried
from tests.mutations.laws import LAWS, MUTATIONS


@pytest.fixture(scope="module")
def copy():
    with copied() as folder:
        yield folder


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: f"law {one.law}: {one.means}")
def test_without_this_line_its_test_is_red(copy, mutation):
    seen = tried(copy, mutation)
    assert seen.word == "red", seen.said


def test_every_law_has_a_mutation_and_each_changes_something_that_is_there():
    assert {one.law for one in MUTATIONS} == set(LAWS)
    for one in MUTATIONS:
        text = (ROOT / one.file).read_text(encoding="utf-8")
        assert mutated(text, one) != text


def test_the_page_about_architecture_names_every_mutation():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for one in MUTATIONS:
        assert f"`{one.test.partition('::')[2]}`" in page
        assert one.means in page
