"""The laws, and for each the one-line mutations with which its tests are seen to fail."""

from dataclasses import dataclass

LAWS = {
    1: "Persist, then ack.",
    2: "Intent, effect, confirm; an unknown outcome is asked about, never repeated blindly.",
    3: "A host finishes or refuses by itself.",
    4: "Approval binds to content.",
    5: "Fail closed for authority, fail open for alerts.",
    6: "No shell strings from people.",
    7: "The core does not need Slack or GitHub.",
    8: "Everything has a deadline and a byte budget.",
    9: "One clock.",
    10: "Audit in the same transaction.",
    11: "The row is the truth.",
    12: "Safe by default.",
}

UNIT, CONTRACTS = "tests/unit", "tests/contracts"
CONDUCTOR = f"{UNIT}/bot/test_conductor.py"
REMOTE = f"{CONTRACTS}/test_remote.py"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One line that is changed, and the test that has to go red."""

    law: int
    file: str
    old: str
    new: str
    test: str
    means: str
    """What the change takes away."""


MUTATIONS = (
    Mutation(
        1,
        "bot/slack/intake.py",
        "change = self._acked if in_time else self._void",
        "change = self._acked",
        f"{CONTRACTS}/test_slack_door.py::"
        "test_an_ack_that_went_out_too_late_makes_the_command_void_and_its_author_is_told",
        "a late ack makes void",
    ),
    Mutation(
        1,
        "storage/inbox.py",
        "        .where(InboxRow.state == InboxState.ELIGIBLE)",
        "        .where(col(InboxRow.state).in_([InboxState.ELIGIBLE, InboxState.RECEIVED]))",
        f"{CONTRACTS}/test_storage_messages.py::test_a_request_runs_only_after_its_acknowledgement",
        "only what was acknowledged runs",
    ),
    Mutation(
        2,
        "deployers/runner.py",
        "if record.fate is Fate.UNKNOWN and isinstance(step, AGAIN) and attempt.number < 3:",
        "if record.fate is Fate.UNKNOWN and attempt.number < 3:",
        f"{CONDUCTOR}::test_a_step_that_cannot_be_read_asks_a_person_and_goes_on_once_resolved",
        "a migration of unknown outcome is not repeated",
    ),
    Mutation(
        2,
        "bot/journal.py",
        "if existing and not (existing.state is StepState.SKIPPED and existing.resolved_by):",
        "if existing and existing.state is not StepState.INTENDED:",
        f"{UNIT}/bot/test_journal.py::test_an_intent_that_a_crash_left_open_is_taken_up_under_its_own_operation_id",
        "an open intent is taken up, not made anew",
    ),
    Mutation(
        2,
        "bot/journal.py",
        "if existing and not (existing.state is StepState.SKIPPED and existing.resolved_by):",
        "if existing and existing.state is StepState.INTENDED:",
        f"{UNIT}/bot/test_journal.py::test_what_was_confirmed_before_a_crash_says_so",
        "what was confirmed is not done again",
    ),
    Mutation(
        3,
        "deployers/wrapper_host.sh",
        "    while [ $# -ge 3 ]; do\n",
        '    while [ $# -ge 3 ]; do rm -rf "$ops/$1"\n',
        f"{REMOTE}::test_an_id_runs_once_ever_and_its_record_is_returned_again",
        "an operation runs once",
    ),
    Mutation(
        3,
        "deployers/wrapper.sh",
        '[ "$newest" -gt "$token" ] && why="fenced $newest"',
        "false",
        f"{REMOTE}::test_an_older_token_is_refused_and_the_step_is_left_for_the_newer_one",
        "a host refuses an older fencing token",
    ),
    Mutation(
        3,
        "bot/change.py",
        "if newest != token:",
        "if newest < token:",
        f"{CONDUCTOR}::test_who_no_longer_leads_writes_nothing_more",
        "who no longer leads writes nothing",
    ),
    Mutation(
        4,
        "commands/buttons.py",
        "if not compare_digest(pressed.hash.encode(), deployment.plan_hash.encode()):",
        "if not pressed.hash:",
        f"{UNIT}/commands/test_approvals.py::test_a_tampered_button_does_nothing",
        "a button carries the hash of its plan",
    ),
    Mutation(
        4,
        "bot/opening.py",
        "if revision.sha != plan.sha:",
        "if not revision.sha:",
        f"{CONDUCTOR}::test_a_moved_tag_voids_the_approval",
        "a moved tag voids the approval",
    ),
    Mutation(
        4,
        "bot/opening.py",
        'return _ended(change, Status.REFUSED, "deployment.refused", why=why)',
        "pass",
        f"{CONDUCTOR}::test_another_configuration_voids_the_approval_and_says_what_changed",
        "a difference in the plan stops it",
    ),
    Mutation(
        5,
        "commands/permissions.py",
        "            unknown = error",
        "            return True",
        f"{UNIT}/commands/test_approvals.py::test_only_the_role_decides_and_only_while_it_can_be_told",
        "what cannot be asked is a refusal",
    ),
    Mutation(
        5,
        "bot/slack/identity.py",
        "            if found.get(flag):",
        "            if found.get(flag) is None:",
        f"{UNIT}/bot/slack/test_identity.py::test_guests_strangers_and_bots_are_refused",
        "guests, strangers and bots are refused",
    ),
    Mutation(
        5,
        "commands/permissions.py",
        '        return f"roles could not be checked: {error.why}"',
        "        raise",
        f"{UNIT}/commands/test_stopping.py::test_an_abort_never_waits_for_a_look_up",
        "an abort needs no look-up",
    ),
    Mutation(
        6,
        "deployers/shell.py",
        'command = command.replace("{" + name + "}", quote(value))',
        'command = command.replace("{" + name + "}", value)',
        f"{UNIT}/deployers/test_shell.py::test_values_in_recipes_are_quoted_and_other_braces_left_alone",
        "values are quoted",
    ),
    Mutation(
        6,
        "deployers/refs.py",
        "if not _ALLOWED.fullmatch(ref) or",
        "if",
        f"{UNIT}/deployers/test_refs.py::test_hostile_refs_are_refused",
        "a ref keeps to a grammar",
    ),
    Mutation(
        7,
        "bot/leader.py",
        "self._epoch = leadership.raise_fence(session, holder(), self._clock())",
        "self._epoch = leadership.epoch(session)",
        f"{UNIT}/bot/test_leader.py::test_who_takes_over_from_a_frozen_leader_fences_it_before_anything_else",
        "the command line fences the old leader",
    ),
    Mutation(
        7,
        "bot/leader.py",
        "if not (self._seat.take() or self._seat.usurp()):",
        "if not self._seat.take():",
        f"{UNIT}/bot/test_leader.py::test_who_takes_over_from_a_frozen_leader_fences_it_before_anything_else",
        "a frozen leader does not keep the seat",
    ),
    Mutation(
        8,
        "storage/steps.py",
        'return written[-KEPT:].decode(errors="ignore")',
        'return written.decode(errors="ignore")',
        f"{CONTRACTS}/test_storage_rows.py::test_only_the_end_of_long_or_strange_output_is_kept",
        "so much output is kept",
    ),
    Mutation(
        8,
        "deployers/wrapper.sh",
        "kept=65536",
        "kept=655360",
        f"{REMOTE}::test_only_the_end_of_a_long_output_is_kept_with_length_and_digest_of_all",
        "so much output is sent",
    ),
    Mutation(
        8,
        "deployers/git_command.py",
        "time.monotonic() + within",
        "time.monotonic() + 3600",
        f"{CONTRACTS}/test_repository.py::test_a_fetch_that_hangs_is_stopped",
        "git has a deadline",
    ),
    Mutation(
        9,
        "storage/columns.py",
        "if value.tzinfo is None:\n            raise",
        "if value is None:\n            raise",
        f"{CONTRACTS}/test_storage_transactions.py::test_a_time_without_a_zone_is_refused",
        "a naive time is refused",
    ),
    Mutation(
        9,
        "deployers/freezes.py",
        "begins.replace(tzinfo=zone), ends.replace(tzinfo=zone)",
        "begins.replace(tzinfo=UTC), ends.replace(tzinfo=UTC)",
        f"{UNIT}/deployers/test_gates.py::test_a_weekend_freeze_holds_from_its_first_minute_to_its_last",
        "zones belong to schedules",
    ),
    Mutation(
        10,
        "storage/audit.py",
        'if entry["hash"] != digest(entry):',
        'if not entry["hash"]:',
        f"{CONTRACTS}/test_storage_audit.py::test_changing_any_field_is_found_at_its_entry",
        "a changed entry is found",
    ),
    Mutation(
        10,
        "storage/audit.py",
        "        previous=head.hash,",
        '        previous="",',
        f"{CONTRACTS}/test_storage_audit.py::test_entries_are_chained_from_one_without_a_gap",
        "entries are chained",
    ),
    Mutation(
        10,
        "commands/asking.py",
        'rows.note(session, services, request, deployment, "deployment.requested", approvals=verdict.approvals)',
        "pass",
        f"{UNIT}/commands/test_deploy.py::test_a_request_waits_for_approval_with_a_card_an_expiry_and_an_audit_entry",
        "what people ask for is audited",
    ),
    Mutation(
        10,
        "bot/change.py",
        "for actor, action, detail in change.notes:",
        "for actor, action, detail in change.notes[:0]:",
        f"{UNIT}/bot/test_change.py::test_a_change_whose_audit_entry_cannot_be_written_is_not_made",
        "no change without its audit entry",
    ),
    Mutation(
        11,
        "storage/outbox.py",
        "    if row.shown >= row.wanted:",
        "    if row.shown:",
        f"{CONTRACTS}/test_storage_messages.py::"
        "test_a_card_waits_again_with_every_change_and_rests_when_the_newest_is_shown",
        "a card that is behind is edited again",
    ),
    Mutation(
        11,
        "bot/slack/sending.py",
        "        if row.ts:\n            try:",
        "        if not row.ts:\n            try:",
        f"{CONTRACTS}/test_slack_delivery.py::test_a_card_is_posted_once_and_then_edited",
        "one card a deployment, edited in place",
    ),
    Mutation(
        11,
        "storage/models/deployment.py",
        "        if to not in NEXT[self.status]:",
        "        if to is self.status:",
        f"{UNIT}/storage/test_models.py::test_whatever_is_tried_a_finished_deployment_stays_finished",
        "a finished deployment stays finished",
    ),
    Mutation(
        12,
        "bot/slack/identity.py",
        "        if not entries:\n            return False",
        "        if not entries:\n            return True",
        f"{UNIT}/bot/slack/test_roles_of_nobody.py::test_a_role_that_nobody_was_given_is_nobodys",
        "a role that nobody was given is nobody's",
    ),
    Mutation(
        12,
        "deployers/gates.py",
        'told = {name: asked.checks.get(name, "unknown") for name in asked.required_checks}',
        'told = {name: asked.checks.get(name, "success") for name in asked.required_checks}',
        f"{UNIT}/commands/test_deploy.py::test_required_checks_have_to_be_known_and_green",
        "a check that nobody has heard of is not green",
    ),
    Mutation(
        12,
        "deployers/ssh_line.py",
        'raise HostKeyRefused(self._host.name, self._known_hosts, f"{key.get_name()} {key.fingerprint}")',
        "return",
        f"{CONTRACTS}/test_ssh_pinned.py::test_a_host_whose_key_is_not_pinned_is_refused",
        "a host key that is not pinned is refused",
    ),
)
