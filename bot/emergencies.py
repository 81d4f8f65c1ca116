"""What an emergency brings with it once it begins: who asked for it still may, and somebody looks back on it."""

from collections.abc import Mapping

from bot.change import Change
from commands.services import People, Person
from deployers import emergency
from deployers.environment import Environment
from deployers.plan import Plan
from storage import deployments, reviews
from storage.models import Deployment, Kind, Review


def unentitled(people: People, environment: Environment, deployment: Deployment) -> str:
    """Return that who asked for an emergency may not any more, or nothing: it goes past the approvals of others.

    Raises:
        IdentityUnknown: it could not be asked.
    """
    allowed = emergency.of(environment, deployment.strategy)
    if allowed is None or deployment.kind is not Kind.DEPLOY:
        return ""
    if people.holds(Person(deployment.requested_by, deployment.requested_name), allowed.role):
        return ""
    who = deployment.requested_name or deployment.requested_by
    return f"{who} asked for it and does not have the role `{allowed.role}` any more. Ask for it again."


def reviewed_afterwards(change: Change, environments: Mapping[str, Environment]) -> None:
    """Ask for a look back on a deployment that goes past the gates, whatever becomes of it."""
    deployment = change.deployment
    usual = environments.get(deployment.environment)
    if usual is None or deployment.strategy != emergency.STRATEGY or deployment.kind is not Kind.DEPLOY:
        return
    plan = Plan.read(deployments.stored_plan(change.session, deployment.number).document)
    review = Review(
        deployment_id=deployment.number,
        environment=deployment.environment,
        skipped=emergency.skipped(usual, deployment.strategy, tests=plan.skip_tests),
        since=change.at,
    )
    reviews.want(change.session, review)
