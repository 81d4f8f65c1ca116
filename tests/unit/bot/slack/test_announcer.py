"""A card is drawn from its rows at the moment of sending, and its words say what its blocks say."""

from bot.announcer import MOST_TEXT, Announcer, plain
from storage import deployments
from storage.models import Status
from tests.builders import a_deployment, stored, walked


def view(seen, *, now, behind):
    deployment = seen.deployment
    return ({"type": "section", "text": {"type": "mrkdwn", "text": f"{deployment.ref} is {deployment.status}"}},)


async def test_a_card_shows_the_row_as_it_is_now_with_its_version(store):
    with store.begin() as session:
        number = stored(session, a_deployment()).number
    announcer = Announcer(store, view)
    before = await announcer.render(number)
    with store.begin() as session:
        walked(deployments.get_for_change(session, number), Status.QUEUED)
    after = await announcer.render(number)
    assert (before.text, before.version) == ("v2.3 is requested", 1)
    assert (after.text, after.version) == ("v2.3 is queued", 2)


def test_the_words_of_a_card_are_those_of_its_blocks():
    blocks = (
        {"type": "header", "text": {"type": "plain_text", "text": "Deployed"}},
        {"type": "divider"},
        {
            "type": "section",
            "fields": [{"type": "mrkdwn", "text": "*Who*\nana"}, {"type": "mrkdwn", "text": "*What*\nv2.3"}],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "in 12 s"}, {"type": "image", "alt_text": "x"}]},
        {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Abort"}}]},
    )
    assert plain(blocks) == "Deployed\n*Who*: ana\n*What*: v2.3\nin 12 s"


def test_the_words_of_a_card_have_an_end():
    long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3_000}}
    assert len(plain([long] * 5)) == MOST_TEXT + 1
