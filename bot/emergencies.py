"""What an emergency brings with it once it begins: somebody has to look back on it."""

from collections.abc import Mapping

from bot.change import Change
from deployers import emergency
from deployers.environment import Environment
from deployers.plan import Plan
from storage import deployments, reviews
from storage.models import Kind, Review


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
