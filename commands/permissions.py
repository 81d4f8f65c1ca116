"""Who may do what: by configured role, asked live, and refused when it cannot be told."""

from collections.abc import Iterable

from commands.errors import IdentityUnknown, Refused
from commands.services import People, Person, Services
from storage.models import Deployment

ROLES = ("deployer", "approver", "operator", "rollback", "admin")


def require(services: Services, person: Person, *roles: str, to: str) -> None:
    """Let the person through when one of the roles is theirs; admins have every role.

    Raises:
        Refused: none is; says who has it, or what to configure.
        IdentityUnknown: it could not be asked.
    """
    if not holds_one(services.people, person, roles):
        raise _refused(services.people, roles, to)


def require_rollback(services: Services, person: Person) -> None:
    """Let the person through who may roll back: the role `rollback` if there is one, else deployers and operators."""
    require(services, person, *rollback_roles(services.people), to="roll back")


def rollback_roles(people: People) -> tuple[str, ...]:
    """Return the roles that may roll back."""
    return ("rollback", "operator") if people.holders("rollback") else ("deployer", "operator")


def held(people: People, person: Person) -> frozenset[str]:
    """Return the person's roles, to show what they may do; raises IdentityUnknown when they cannot be told."""
    return frozenset(role for role in ROLES if people.holds(person, role))


def is_among(roles: Iterable[str], held: frozenset[str]) -> bool:
    """Say whether one of the roles is held; admins have every role."""
    return "admin" in held or not held.isdisjoint(roles)


def may_use(people: People, needs: tuple[str, ...], held: frozenset[str]) -> bool:
    """Say whether a command that needs one of these roles is worth showing to who holds those."""
    roles = rollback_roles(people) if "rollback" in needs else needs
    return not needs or is_among(roles, held)


def require_own_or(services: Services, person: Person, deployment: Deployment, *roles: str, to: str) -> None:
    """Let the one through who asked for the deployment, and who has one of the roles."""
    if deployment.requested_by != person.id:
        require(services, person, *roles, to=to)


def may_stop(services: Services, person: Person, deployment: Deployment) -> str:
    """Let the person stop what runs; return a remark when their roles could not be asked.

    What makes production safe again never waits for a look-up, so an unanswered question lets them through.
    """
    try:
        require_own_or(services, person, deployment, "deployer", "approver", "operator", to="stop a deployment")
    except IdentityUnknown as error:
        return f"roles could not be checked: {error.why}"
    return ""


def holds_one(people: People, person: Person, roles: tuple[str, ...]) -> bool:
    """Say whether one of the roles is the person's; a look-up that fails counts only when no other role answers yes."""
    unknown: IdentityUnknown | None = None
    for role in roles:
        try:
            if people.holds(person, role):
                return True
        except IdentityUnknown as error:
            unknown = error
    if unknown:
        raise unknown
    return False


def mentions(people: People, *roles: str) -> str:
    """Return who has the roles, for text."""
    return ", ".join(dict.fromkeys(who for role in roles for who in people.holders(role)))


def _refused(people: People, roles: tuple[str, ...], to: str) -> Refused:
    who = mentions(people, *roles)
    names = " or ".join(f"`{role}`" for role in roles)
    if who:
        return Refused(f"Only {names} may {to}, and you are not one of them.", f"Ask {who}.", "role")
    return Refused(
        f"Only {names} may {to}, and nobody has that role.",
        f'Add `{roles[0]} = ["@your-group"]` below `[roles]` in `shipmate.toml`.',
        "role",
    )
