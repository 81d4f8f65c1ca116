"""What is known beyond git stands on the card: pull requests with links, and what is unusual about them."""

from dataclasses import replace

from commands.views.request import changes
from commands.views.risks import unusual
from deployers.ports import Learned, Pull
from storage import deployments
from storage.models import Deployment, Kind

PULL = Pull(12, "page: Greet <!channel>", "ana", "https://github.com/o/r/pull/12", ("risky",))


def test_what_was_learned_is_remembered_beside_the_plan_and_shown(world):
    told = []

    def learn(revision, difference):
        told.append((revision.ref, difference.ahead_count))
        return Learned((PULL,), ("a" * 40,))

    world.services = replace(world.services, learn=learn)
    assert world.says("ana", "/deploy production v2.3").ok
    with world.store.look() as session:
        seen = deployments.stored_plan(session, 1).seen
    assert seen["pulls"][0]["number"] == 12
    assert "1 commit came without a pull request (`aaaaaaa`)" in seen["risks"]
    assert [ref for ref, _ in told] == ["v2.3"]


def test_pull_requests_are_linked_and_their_words_ping_nobody():
    deployment = Deployment(kind=Kind.DEPLOY, environment="production", ref="v2.3", sha="a" * 40)
    pull = {"number": 12, "title": PULL.title, "author": "ana", "url": PULL.url, "labels": ["risky"]}
    text = changes({}, {"pulls": [pull] * 9}, deployment)[0]["text"]["text"]
    assert "<https://github.com/o/r/pull/12|#12> page: Greet &lt;!channel&gt; by ana `risky`" in text
    assert text.startswith("*Pull requests* (9)")
    assert text.endswith("… and 1 more")


def test_forks_and_what_is_unknown_are_risks_and_otherwise_there_is_none():
    assert unusual(Learned((PULL,), signed=True)) == []
    assert unusual(Learned((replace(PULL, fork=True),), unasked=7)) == [
        "from a fork: #12",
        "GitHub did not tell how 7 commits came in",
    ]
    assert unusual(Learned(alone=("a" * 40, "b" * 40, "c" * 40, "d" * 40)))[0].endswith(
        "(`aaaaaaa`, `bbbbbbb`, `ccccccc`, …)"
    )
