"""What conducting a deployment works with: its rows, its targets, and what is known of it by heart."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from threading import Event

from bot.change import ME, Changes
from bot.holding import Held
from bot.journal import Journal, note_of
from bot.known import Known, Release
from bot.outcome import Outcome
from deployers import blame
from deployers.approved import approved
from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.plan import Plan
from deployers.ports import Authority, Remote, Revision
from deployers.probes import Probes
from deployers.way_out import TAKES_DATA_BACK
from storage import colours, deployments, holds, looks, steps, targets
from storage.models import Deployment, Status
from storage.store import Session

Enter = Callable[[Host], None]


@dataclass(frozen=True, slots=True)
class Crew:
    """Rows, targets and time of running deployments; a kept connection a target for as long as one runs."""

    changes: Changes
    environments: Mapping[str, Environment]
    remote_for: Callable[[Environment], Remote]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What `env:NAME` in a health header stands for."""
    pause: Callable[[float], object] = field(default_factory=lambda: Event().wait)
    running: dict[int, Known] = field(default_factory=dict)
    """What is known by heart of the deployments that run here."""
    _remotes: dict[int, Remote] = field(default_factory=dict)

    # What is known

    def environment(self, plan: Plan) -> Environment:
        """Return the environment of a plan as it was approved, whatever the configuration says by now."""
        return approved(plan.resolved, self.environments.get(plan.environment))

    def learn(self, number: int) -> Known:
        """Read what has to be known of a deployment that runs, in one look at its rows."""
        with self.changes.store.look() as session:
            deployment = deployments.get(session, number)
            known = _known(session, deployment)
            for record in steps.of(session, number):
                known.note(note_of(record))
        return known

    def journal(self, known: Known) -> Journal:
        """Return the book over the rows of a deployment."""
        return Journal(self.changes, known)

    def authority(self, group: str) -> Authority:
        """Return in whose name, and under which token, hosts are told to do something."""
        return Authority(group, self.changes.epoch())

    def keeping(self, environment: Environment) -> Callable[[], tuple[str, ...]]:
        """Return what names the releases that pruning leaves alone."""

        def keep() -> tuple[str, ...]:
            count = environment.place.keep_releases if environment.place else 5
            with self.changes.store.look() as session:
                running = deployments.running_in(session, environment.name)
                kept = deployments.releases_to_keep(session, environment.name, count)
            return (*((running.release,) if running else ()), *kept)

        return keep

    # What is reached

    def probes(self, number: int, environment: Environment) -> Probes:
        """Return what looks at an environment over this deployment's connections."""
        known = self.running.get(number)
        place, remote = with_secrets(environment, self.secrets), self.remote(number, environment)
        return Probes(place, remote, self.changes.clock, ignored=known.before if known else None)

    def remote(self, number: int, environment: Environment) -> Remote:
        """Return the connections of a running deployment, opened when they are first needed."""
        if number not in self._remotes:
            self._remotes[number] = self.remote_for(environment)
        return self._remotes[number]

    def leave(self, number: int) -> None:
        """Forget a deployment that no longer runs here, and close its connections."""
        self.running.pop(number, None)
        remote = self._remotes.pop(number, None)
        if remote:
            remote.close()

    def entering(self, remote: Remote, environment: Environment, authority: Authority, undoes: str) -> Enter:
        """Return what takes a host: what is undone may begin nothing more on it, and its lock is ours."""

        def enter(host: Host) -> None:
            if undoes:
                remote.abort(host, replace(authority, deployment=undoes))
            remote.lock(host, owner(environment), authority)

        return enter

    def unlock_hosts(self, number: int, environment: Environment) -> None:
        """Release the hosts' own locks; one that cannot be reached keeps it, and gives it to the next of ours."""
        remote = self.remote(number, environment)
        for host in environment.reached:
            with suppress(DeployError):
                remote.unlock(host, owner(environment))


def _known(session: Session, deployment: Deployment) -> Known:
    good = deployments.current(session, deployment.environment)
    undone = deployments.get(session, deployment.undoes) if deployment.undoes else None
    asked = holds.current(session, deployment.number)
    return Known(
        number=deployment.number,
        mark=deployment.mark,
        kind=deployment.kind.value,
        plan=Plan.read(deployments.stored_plan(session, deployment.number).document),
        good=Release(Revision(good.ref, "", good.sha), good.release) if good else None,
        undoes=undone.mark if undone else "",
        mixed=good is not None
        and (
            bool(targets.strays(session, deployment.environment, good.sha, besides=deployment.number))
            or colours.astray(session, good, besides=deployment.number)
        ),
        back_wanted=deployment.abort_back,
        going_back=deployment.status is Status.ROLLING_BACK,
        back_takes_data=_back_takes_data(session, deployment),
        trouble=Outcome.read(deployment.failure) if deployment.failure else None,
        held=Held.of(asked) if asked else None,
        before=blame.ignored(looks.of(session, deployment.number, looks.BEFORE)),
    )


def _back_takes_data(session: Session, deployment: Deployment) -> bool:
    if deployment.status is not Status.ROLLING_BACK:
        return False
    child = deployments.automatic_rollback(session, deployment.number)
    steps_of = deployments.stored_plan(session, child.number).document["steps"]
    return any(step["do"] in TAKES_DATA_BACK for step in steps_of)


def with_secrets(environment: Environment, secrets: Mapping[str, str]) -> Environment:
    """Return the environment with the values of its secret health headers, for asking only."""
    if environment.health is None:
        return environment
    headers = {name: secrets.get(value, value) for name, value in environment.health.headers.items()}
    return replace(environment, health=replace(environment.health, headers=headers))


def owner(environment: Environment) -> str:
    """Return the name under which Shipmate holds the hosts of an environment."""
    return f"{ME}:{environment.app}:{environment.name}"


def everywhere(environment: Environment, do: Callable[..., None]) -> None:
    """Do something on every host at once; raise the first error after all have come to rest."""
    with ThreadPoolExecutor(max_workers=max(1, min(10, len(environment.reached)))) as pool:
        running = [pool.submit(do, host) for host in environment.reached]
    for future in running:
        future.result()
