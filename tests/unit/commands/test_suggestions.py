"""What a menu offers while somebody types: tags, releases and branches, each of which means one thing."""

from commands.views.suggestions import options
from deployers.ports import Revision
from tests.builders import sha_of

V1, V2 = (Revision(ref, f"refs/tags/{ref}", sha_of(ref)) for ref in ("v1", "v2"))
MAIN = Revision("main", "refs/heads/main", sha_of("main"))


def test_each_name_says_what_it_is_and_which_commit():
    released = Revision("v3", "refs/tags/v3", sha_of("v3"), "pre-release")
    told = [(it["value"], it["description"]["text"]) for it in options([released, V2, MAIN])]
    short = [sha_of(ref)[:7] for ref in ("v3", "v2", "main")]
    assert told == [
        ("v3", f"pre-release · {short[0]}"),
        ("v2", f"tag · {short[1]}"),
        ("main", f"branch · {short[2]}"),
    ]


def test_a_name_that_is_a_tag_and_a_branch_is_offered_as_both_so_that_neither_is_refused():
    both = Revision("v1", "refs/heads/v1", sha_of("x"))
    assert [it["value"] for it in options([V1, V2, both])] == ["tags/v1", "v2", "heads/v1"]


def test_what_slack_would_refuse_is_left_out():
    long = Revision("x" * 76, f"refs/tags/{'x' * 76}", sha_of("x"))
    many = [Revision(f"v{n}", f"refs/tags/v{n}", sha_of("x")) for n in range(150)]
    assert options([long, V1])[0]["value"] == "v1"
    assert len(options(many)) == 100
