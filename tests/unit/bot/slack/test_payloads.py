"""Whatever is sent becomes a row with a key of its own, or a refusal; never anything else."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import payloads
from bot.slack.payloads import BadPayload

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SLASH = {
    "command": "/deploy",
    "text": "production v2.3",
    "trigger_id": "1.2.3",
    "user_id": "U0ANA",
    "team_id": "T0SAND",
    "channel_id": "C0DEPLOY",
    "response_url": "http://127.0.0.1/r",
}
PRESSED = {
    "actions": [{"action_id": "deployment.approve", "action_ts": "5.5", "value": "7:abc"}],
    "user": {"id": "U0BEN"},
    "team": {"id": "T0SAND"},
    "channel": {"id": "C0DEPLOY"},
    "message": {"ts": "4.4"},
}
SUBMITTED = {
    "user": {"id": "U0ANA"},
    "view": {
        "id": "V1",
        "hash": "h1",
        "callback_id": "deploy",
        "private_metadata": "kept",
        "external_id": "C0DEPLOY:1.2.3",
        "state": {
            "values": {
                "ref": {"deploy.ref": {"type": "external_select", "selected_option": {"value": "v2.3"}}},
                "reason": {"reason": {"type": "plain_text_input", "value": None}},
                "ways": {"ways": {"selected_options": [{"value": "a"}, {"value": "b"}]}},
            }
        },
    },
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_a_slash_command_is_known_by_its_trigger():
    row = payloads.slash(SLASH, at=AT)
    assert (row.key, row.name, row.text, row.person) == ("slash:1.2.3", "deploy", "production v2.3", "U0ANA")


def test_a_ticked_box_says_which_box_it_is_also_when_nothing_is_ticked_any_more():
    box = {"type": "checkboxes", "action_id": "checklist.tick", "action_ts": "5.5", "block_id": "point:1:2:3"}
    ticked = {**PRESSED, "actions": [{**box, "selected_options": [{"value": "done"}]}]}
    cleared = {**PRESSED, "actions": [{**box, "selected_options": []}]}
    assert payloads.pressed(ticked, at=AT).values["fields"] == {"point:1:2:3": "done"}
    assert payloads.pressed(cleared, at=AT).values["fields"] == {"point:1:2:3": ""}


def test_a_pressed_button_is_known_by_when_and_where_and_by_whom_it_was_pressed():
    row = payloads.pressed(PRESSED, at=AT)
    assert row.key == "action:5.5:4.4:deployment.approve:U0BEN"
    assert row.values == {"value": "7:abc"}
    assert row.channel == "C0DEPLOY"


def test_a_submitted_form_is_known_by_its_view_and_remembers_where_it_was_opened():
    row = payloads.submitted(SUBMITTED, at=AT)
    assert (row.key, row.channel) == ("submission:V1:h1", "C0DEPLOY")
    assert row.values == {"fields": {"ref": "v2.3", "reason": "", "ways": "a,b"}, "private_metadata": "kept"}


@pytest.mark.parametrize("read", [payloads.slash, payloads.pressed, payloads.submitted])
@pytest.mark.parametrize("base", [SLASH, PRESSED, SUBMITTED])
@given(st.dictionaries(st.sampled_from([*SLASH, *PRESSED, "view", "actions"]), JSON, max_size=6))
def test_a_payload_of_any_shape_is_read_or_refused(read, base, odd):
    try:
        row = read(base | odd, at=AT)
    except BadPayload:
        return
    assert row.key
    assert row.person
    assert len(row.text) <= payloads.LONGEST_TEXT


@pytest.mark.parametrize("external", ["", ":", "Cx y:1", "U0ANA:1", "x" * 300])
def test_an_external_id_of_somebody_elses_names_no_channel(external):
    assert payloads.opened_from(external) == ""
