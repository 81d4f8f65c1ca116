"""The laws, and for each the one-line mutations with which its tests are seen to fail."""

from tests.mutations import first_laws, last_laws

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

MUTATIONS = (*first_laws.MUTATIONS, *last_laws.MUTATIONS)
