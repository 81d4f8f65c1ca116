"""The gates about the revision itself: where it comes from, its age, its signature, and going past its checks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers import workflow
from deployers.approved import approved
from deployers.environment import Revisions, Workflow
from deployers.gates import Allowed, Refused, every, judge, still
from deployers.plan import Plan
from deployers.strategies import resolved
from tests.unit.deployers.test_gates import ASKED
from tests.unit.deployers.worlds import environment

RELEASES = Revisions(allowed=("tags/v*", "heads/main", "heads/hotfix/*"))
SKIPS = replace(ASKED, skip_tests=True, required_checks=("tests",), checks={"tests": "failure"})


def code(asked):
    verdict = judge(asked)
    return verdict.code if isinstance(verdict, Refused) else "allowed"


@pytest.mark.parametrize(
    ("full_ref", "told"),
    [
        ("refs/tags/v2.3", "allowed"),
        ("refs/heads/main", "allowed"),
        ("refs/heads/hotfix/login", "allowed"),
        ("refs/heads/v2.3", "source"),
        ("refs/tags/main", "source"),
        ("refs/tags/V2.3", "source"),
        ("refs/heads/mainly", "source"),
        ("", "source"),
    ],
)
def test_only_tags_and_branches_of_the_patterns_are_taken(full_ref, told):
    assert code(replace(ASKED, revisions=RELEASES, full_ref=full_ref)) == told


def test_a_bare_sha_is_told_to_be_named():
    verdict = judge(replace(ASKED, revisions=RELEASES))
    assert "a bare SHA is none of them: name its tag or branch" in verdict.why


def test_what_is_older_than_what_runs_is_refused_with_the_way_that_goes_back():
    verdict = judge(replace(ASKED, older=True))
    assert (verdict.code, verdict.next) == ("older", "/rollback v2.3 production")
    assert code(replace(ASKED, older=True, revisions=Revisions(older="allow"))) == "allowed"


@pytest.mark.parametrize(
    ("signed", "told"),
    [(True, ""), (False, "carries no signature that GitHub could verify"), (None, "cannot be told to be signed")],
)
def test_where_signatures_are_required_only_one_that_holds_is_taken(signed, told):
    verdict = judge(replace(ASKED, revisions=Revisions(signed=True), signed=signed))
    assert told in getattr(verdict, "why", "")
    assert isinstance(verdict, Allowed) is (signed is True)
    assert judge(replace(ASKED, signed=signed)) == Allowed(2)


@pytest.mark.parametrize("shut", [{"revisions": RELEASES}, {"older": True}, {"revisions": Revisions(signed=True)}])
def test_a_rollback_is_stopped_by_none_of_them(shut):
    assert judge(replace(ASKED, kind="rollback", **shut)) == Allowed(0)


def test_tests_are_skipped_only_where_it_is_allowed_and_only_in_an_emergency():
    assert "does not let anybody skip the tests" in judge(SKIPS).why
    assert "in an emergency alone" in judge(replace(SKIPS, may_skip=True)).why
    urgent = replace(SKIPS, may_skip=True, strategy="emergency", strategies=("rolling", "emergency"))
    assert judge(urgent) == Allowed(2)
    assert code(replace(urgent, skip_tests=False)) == "checks_red"
    assert still(replace(urgent, approvals_standing=2)) == Allowed(2)
    assert still(replace(urgent, may_skip=False, approvals_standing=2)).code == "skip_tests"
    told = {it.name: it.told for it in every(urgent)}
    assert told["Checks"] == "`tests` are not looked at, because that was asked for."


@given(skip=st.booleans(), allowed=st.booleans(), emergency=st.booleans(), green=st.booleans())
def test_red_checks_are_passed_by_nothing_but_an_allowed_emergency(skip, allowed, emergency, green):
    asked = replace(
        ASKED,
        strategies=(),
        strategy="emergency" if emergency else "rolling",
        skip_tests=skip,
        may_skip=allowed,
        required_checks=("tests",),
        checks={"tests": "success" if green else "failure"},
    )
    assert isinstance(judge(asked), Allowed) is ((skip and allowed and emergency) or (not skip and green))


def test_a_plan_that_skips_nothing_is_written_as_before_and_one_that_does_has_another_hash():
    plan = Plan("deploy", "production", "g", "r", "v2.3", "a" * 40, "x", "", "rolling", ())
    assert "skip_tests" not in plan.document()
    skips = replace(plan, skip_tests=True)
    assert Plan.read(skips.document()) == skips
    assert skips.hash != plan.hash


def test_the_workflow_is_told_that_tests_are_skipped():
    where = replace(environment(1), workflow=Workflow("deploy.yml", {"skip": "{skip_tests}"}))
    plan = Plan("deploy", "production", "g", "r", "v2.3", "a" * 40, "x", "", "emergency", (), skip_tests=True)
    assert workflow.read(workflow.script(where, plan)).inputs == {"skip": "true"}


def test_what_is_configured_is_part_of_what_is_approved_and_defaults_change_no_plan():
    where = environment(1)
    assert not {"revisions", "may_skip_checks"} & resolved(where).keys()
    strict = replace(where, revisions=replace(RELEASES, signed=True), may_skip_checks=True)
    assert resolved(strict)["revisions"]["allowed"] == list(RELEASES.allowed)
    assert approved(resolved(strict), where) == strict
