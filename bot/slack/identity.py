"""Who somebody is here and what they may do, asked of Slack at each call; when it cannot be told, they may not."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry import RetryHandler

from bot.slack.calls import SCOPES, SLACK
from commands.errors import IdentityUnknown, Refused
from commands.services import Person

log = logging.getLogger(__name__)

HANDLES_SECONDS = 60.0
"""How long it is remembered which group a handle means; who is in it is asked each time."""
_NO_RETRIES: list[RetryHandler] = []
_STRANGERS: tuple[tuple[str, str], ...] = (
    ("deleted", "deactivated accounts"),
    ("is_bot", "bots"),
    ("is_workflow_bot", "bots"),
    ("is_ultra_restricted", "guests"),
    ("is_restricted", "guests"),
    ("is_stranger", "people from other workspaces"),
)


class Lookups:
    """The few questions that are asked about people, over the blocking client: for worker threads only."""

    def __init__(self, token: str, *, base_url: str = SLACK, seconds: int = 3) -> None:
        self._client = WebClient(token, base_url=base_url, timeout=seconds, retry_handlers=_NO_RETRIES)

    def ask(self, method: str, **arguments: str) -> Mapping[str, Any]:
        """Ask Slack once.

        Raises:
            IdentityUnknown: it did not answer, or not with what was asked.
        """
        if method not in SCOPES:
            raise KeyError(f"{method} is not in the table of methods and scopes")
        try:
            answer = self._client.api_call(method, params=arguments).data
        except SlackClientError as error:
            response = getattr(error, "response", None)
            word = response.get("error") if response is not None and hasattr(response, "get") else None
            raise IdentityUnknown(f"Slack answered {word}" if word else "Slack did not answer") from error
        except Exception as error:
            # urllib lets a dozen kinds of network trouble through; each means the same here.
            raise IdentityUnknown("Slack could not be reached") from error
        if not isinstance(answer, Mapping):
            raise IdentityUnknown("Slack's answer could not be read")
        return answer


class SlackPeople:
    """People as Slack knows them, and roles as the configuration gives them out."""

    def __init__(
        self,
        lookups: Lookups,
        roles: Mapping[str, tuple[str, ...]],
        *,
        monotonic: Callable[[], float],
        operators: Mapping[str, str] | None = None,
    ) -> None:
        self._lookups = lookups
        self._roles = roles
        self._operators = operators or {}
        self._monotonic = monotonic
        self._handles: dict[str, str] = {}
        self._handles_at: float | None = None
        self._home: frozenset[str] = frozenset()

    def person(self, user: str) -> Person:
        """Return who a Slack user is.

        Raises:
            Refused: a guest, a stranger, a bot or a deactivated account.
            IdentityUnknown: Slack could not be asked.
        """
        found = self._lookups.ask("users.info", user=user).get("user")
        if not isinstance(found, Mapping) or found.get("id") != user:
            raise IdentityUnknown("Slack's answer could not be read")
        for flag, kind in _STRANGERS:
            if found.get(flag):
                raise Refused(
                    f"I take nothing from {kind}, so I did nothing.", "Ask a full member of the workspace.", "guest"
                )
        if not self._teams_of(found) & self._teams():
            raise Refused(
                "I take nothing from people from other workspaces, so I did nothing.",
                "Ask a full member here.",
                "guest",
            )
        profile = found.get("profile")
        profile = profile if isinstance(profile, Mapping) else {}
        name = profile.get("display_name") or profile.get("real_name") or found.get("real_name") or found.get("name")
        return Person(user, str(name or user), str(profile.get("email") or ""))

    def operator(self, login: str) -> Person:
        """Return the person behind an operating-system user; asks nobody, the operating system has vouched for them."""
        return Person(self._operators.get(login, f"cli:{login}"), login)

    def holds(self, person: Person, role: str) -> bool:
        """Say whether the person has the role now; admins have every role."""
        entries = tuple(dict.fromkeys((*self._roles.get(role, ()), *self._roles.get("admin", ()))))
        if person.id.startswith("cli:"):
            return self._operator_holds(person.id, entries)
        if not entries:
            return False
        self._still_here(person.id)
        return self._listed(person.id, entries)

    def holders(self, role: str) -> tuple[str, ...]:
        """Return mentions of who has a role; a name that cannot be looked up now stands as it is configured."""
        return tuple(self._mention(entry) for entry in self._roles.get(role, ()))

    def _operator_holds(self, who: str, entries: tuple[str, ...]) -> bool:
        user = self._operators.get(who.removeprefix("cli:"), "")
        if who in entries or (user and user in entries):
            return True
        return bool(user) and self._listed(user, entries)

    def _still_here(self, user: str) -> None:
        try:
            self.person(user)
        except Refused as refusal:
            raise IdentityUnknown("your account is not one that may decide here") from refusal

    def _listed(self, user: str, entries: tuple[str, ...]) -> bool:
        """Look through the entries; one that cannot be asked matters only when no other says yes."""
        trouble: IdentityUnknown | None = None
        for entry in entries:
            try:
                if self._matches(user, entry):
                    return True
            except IdentityUnknown as unknown:
                trouble = unknown
        if trouble is not None:
            raise trouble
        return False

    def _matches(self, user: str, entry: str) -> bool:
        if entry.startswith("@") or _is_group(entry):
            return user in self._members(self._group(entry))
        if "@" in entry:
            return self._by_email(entry) == user
        return entry == user

    def _by_email(self, email: str) -> str:
        try:
            found = self._lookups.ask("users.lookupByEmail", email=email).get("user")
        except IdentityUnknown as unknown:
            # An address that nobody has is an answer, and it is no.
            if unknown.why == "Slack answered users_not_found":
                return ""
            raise
        return str(found.get("id", "")) if isinstance(found, Mapping) else ""

    def _members(self, group: str) -> frozenset[str]:
        members = self._lookups.ask("usergroups.users.list", usergroup=group).get("users")
        if not isinstance(members, list):
            raise IdentityUnknown("Slack's answer could not be read")
        return frozenset(str(member) for member in members)

    def _group(self, entry: str) -> str:
        if _is_group(entry):
            return entry
        handle = entry.removeprefix("@").lower()
        known = self._handles_at is not None and self._monotonic() - self._handles_at < HANDLES_SECONDS
        if not known or handle not in self._handles:
            self._handles, self._handles_at = self._groups(), self._monotonic()
        if handle not in self._handles:
            raise IdentityUnknown(
                f"Slack knows no user group @{handle}; an admin has to correct [roles] or make the group"
            )
        return self._handles[handle]

    def _groups(self) -> dict[str, str]:
        groups = self._lookups.ask("usergroups.list").get("usergroups")
        if not isinstance(groups, list):
            raise IdentityUnknown("Slack's answer could not be read")
        return {
            str(group["handle"]).lower(): str(group["id"])
            for group in groups
            if isinstance(group, Mapping) and "handle" in group and "id" in group and not group.get("date_delete")
        }

    def _teams(self) -> frozenset[str]:
        if not self._home:
            us = self._lookups.ask("auth.test")
            self._home = frozenset(str(us[word]) for word in ("team_id", "enterprise_id") if us.get(word))
        return self._home

    def _teams_of(self, user: Mapping[str, Any]) -> frozenset[str]:
        enterprise = user.get("enterprise_user")
        inside = enterprise.get("teams", ()) if isinstance(enterprise, Mapping) else ()
        return frozenset({str(user.get("team_id")), *(str(team) for team in inside)})

    def _mention(self, entry: str) -> str:
        try:
            if entry.startswith("@") or _is_group(entry):
                return f"<!subteam^{self._group(entry)}>"
            if "@" in entry:
                user = self._by_email(entry)
                return f"<@{user}>" if user else entry
        except IdentityUnknown as unknown:
            log.warning("%s is shown as configured: %s", entry, unknown.why)
            return entry
        return f"<@{entry}>"


def _is_group(entry: str) -> bool:
    return entry[:1] == "S" and entry.isalnum() and entry.isupper()
