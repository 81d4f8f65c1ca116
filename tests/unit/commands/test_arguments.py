import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.arguments import Grammar, environment, parse, place_and_ref, strategy
from commands.errors import Refused
from tests.unit.commands.world import environment as place

GRAMMAR = Grammar(options=("strategy", "reason"), flags=("yes",), sentence="reason", words=2)
PLACES = {it.name: it for it in (place("staging"), place("production"))}

words = st.text(string.ascii_letters + string.digits + "._/", min_size=1, max_size=20)
sentences = st.text(string.ascii_letters + " .,!?-–—=", min_size=1, max_size=40).map(str.strip).filter(bool)
spaces = st.sampled_from([" ", "  ", "\u00a0", "\u2009 ", "\n", "\t"])
dashes = st.sampled_from(["--", "—", "–", "——", "−−"])
quotes = st.sampled_from([('"', '"'), ("“", "”"), ("„", "“"), ("”", "”"), ("«", "»")])


@given(
    said=st.lists(words, max_size=2),
    name=st.sampled_from(["rolling", "canary"]),
    reason=sentences,
    how=st.tuples(spaces, dashes, quotes),
    order=st.randoms(use_true_random=False),
)
def test_any_order_any_punctuation_means_the_same(said, name, reason, how, order):
    space, dash, (opens, closes) = how
    parts = [*said, f"{dash}strategy{space}{name}", f"{dash}reason={opens}{reason}{closes}", f"{dash}yes"]
    order.shuffle(parts)
    parsed = parse(space.join(parts), GRAMMAR)
    assert sorted(parsed.words) == sorted(said)
    assert parsed.options == {"strategy": name, "reason": reason}
    assert parsed.flags == {"yes"}


@given(st.text(max_size=200))
def test_whatever_is_typed_is_understood_or_refused_in_words(text):
    try:
        parsed = parse(text, GRAMMAR)
        place_and_ref(parsed.words, PLACES)
    except Refused as refused:
        said = str(refused)
    else:
        said = "understood"
    assert said
    assert "<!" not in said


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("production v2.3 --reason fix the login now", "fix the login now"),
        ("production v2.3 --reason=fix the login --strategy rolling", "fix the login"),
        ("--reason hotfix production v2.3", "hotfix"),
        ("production v2.3 --reason “don’t — panic”", "don’t — panic"),
        ("production v2.3 --reason 'it is'", "it is"),
        ('production v2.3 --reason "never closed', "never closed"),
        ("production v2.3 —reason „so ist es“", "so ist es"),
        ("production v2.3 --reason=don't worry", "don't worry"),
    ],
)
def test_a_reason_is_what_the_person_meant(text, reason):
    parsed = parse(text, GRAMMAR)
    assert (parsed.words, parsed.options["reason"]) == (("production", "v2.3"), reason)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("--strategie x", "`--strategy`"),
        ("--resaon x", "`--reason`"),
        ("--qqq", "`--strategy`"),
        ("--strategy", "`--strategy …`"),
        ("--strategy --yes", "`--strategy …`"),
        ("a " * 500, "/deploy help"),
    ],
)
def test_a_mistake_in_options_says_what_to_type(text, hint):
    with pytest.raises(Refused, match=r"option|value|long") as caught:
        parse(text, GRAMMAR)
    assert hint in str(caught.value)


def test_a_hostile_ref_stays_a_word_or_is_an_unknown_option():
    assert parse("production v1$(id)", GRAMMAR).words == ("production", "v1$(id)")
    with pytest.raises(Refused, match="upload-pack"):
        parse("production --upload-pack=x", GRAMMAR)


@pytest.mark.parametrize("name", ["production", "PRODUCTION", "prod", "Prod"])
def test_an_environment_is_found_by_name_or_alias_in_any_case(name):
    assert environment(name, PLACES).name == "production"


@pytest.mark.parametrize("name", ["produktion", "prоduction", "stagin"])
def test_an_environment_that_is_nearly_right_is_suggested(name):
    with pytest.raises(Refused, match=r"Did you mean `(production|staging)`"):
        environment(name, PLACES)


def test_an_environment_that_is_like_none_lists_them():
    with pytest.raises(Refused, match="`staging`, `production`"):
        environment("moon", PLACES)
    with pytest.raises(Refused, match=r"shipmate\.toml"):
        environment("moon", {})


def test_a_strategy_is_the_environments_own_unless_another_is_named():
    assert strategy("", PLACES["production"]) == strategy("Rolling", PLACES["production"]) == "rolling"
    with pytest.raises(Refused, match="It allows `rolling`"):
        strategy("moonshot", PLACES["production"])
