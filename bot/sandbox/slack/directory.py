"""Who is who: auth.test, users.* and usergroups.*."""

from bot.sandbox.slack.call import Call, Method, page
from bot.sandbox.slack.entities import APP, BOT, BOT_USER, TEAM, Json, SlackError


def _with_email(call: Call) -> bool:
    return call.scopes is None or "users:read.email" in call.scopes


def auth_test(call: Call) -> Json:
    """Say whose token this is."""
    return {
        "url": f"{call.base}/",
        "team": "Sandbox",
        "user": "shipmate",
        "team_id": TEAM,
        "user_id": BOT_USER,
        "bot_id": BOT,
        "app_id": APP,
        "is_enterprise_install": False,
    }


def info(call: Call) -> Json:
    """Say who one person is."""
    person = call.workspace.people.get(call.text("user"))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": person.as_slack(with_email=_with_email(call))}


def list_(call: Call) -> Json:
    """List everybody, a page at a time."""
    part, following = page(list(call.workspace.people.values()), call)
    return {
        "members": [person.as_slack(with_email=_with_email(call)) for person in part],
        "response_metadata": {"next_cursor": following},
    }


def by_email(call: Call) -> Json:
    """Find somebody by their e-mail address."""
    wanted = call.text("email").lower()
    for person in call.workspace.people.values():
        if wanted and person.email.lower() == wanted and not person.deleted:
            return {"user": person.as_slack()}
    raise SlackError("users_not_found")


def groups(call: Call) -> Json:
    """List the user groups, with their people when asked."""
    every = call.flag("include_disabled")
    found = [group for group in call.workspace.groups.values() if every or not group.disabled]
    people = call.flag("include_users")
    return {"usergroups": [group.as_slack() | ({"users": group.people} if people else {}) for group in found]}


def group_people(call: Call) -> Json:
    """List who is in one user group."""
    group = call.workspace.groups.get(call.text("usergroup"))
    if group is None or (group.disabled and not call.flag("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.people)}


METHODS = {
    "auth.test": Method(auth_test),
    "users.info": Method(info, ("users:read",)),
    "users.list": Method(list_, ("users:read",)),
    "users.lookupByEmail": Method(by_email, ("users:read.email",)),
    "usergroups.list": Method(groups, ("usergroups:read",)),
    "usergroups.users.list": Method(group_people, ("usergroups:read",)),
}
