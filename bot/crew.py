"""What conducting a deployment works with: its rows, its targets and its words, one transaction at a time."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace

from bot.change import ME, Changes
from bot.journal import Journal
from bot.outcome import Outcome
from deployers.environment import Environment, Host
from deployers.errors import DeployError
from deployers.plan import Activate, Plan, Prepare, Verify
from deployers.ports import Authority, Remote
from deployers.probes import Probes
from deployers.runner import WAY_OUT, Hooks, Runner, Segment
from storage import deployments, leadership, targets
from storage.models import Status


@dataclass(frozen=True, slots=True)
class Crew:
    """Rows, targets and words of running deployments; a kept connection a target for as long as one runs."""

    changes: Changes
    environments: Mapping[str, Environment]
    remote_for: Callable[[Environment], Remote]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What `env:NAME` in a health header stands for."""
    _remotes: dict[int, Remote] = field(default_factory=dict)

    # What is known

    def environment(self, name: str) -> Environment:
        """Return an environment by its name."""
        return self.environments[name]

    def plan(self, number: int) -> Plan:
        """Return the stored plan: what was approved is what runs."""
        with self.changes.store.look() as session:
            return Plan.read(deployments.stored_plan(session, number).document)

    def probes(self, number: int, environment: Environment) -> Probes:
        """Return what looks at an environment over this deployment's connections."""
        return Probes(with_secrets(environment, self.secrets), self.remote(number, environment), self.changes.clock)

    def remote(self, number: int, environment: Environment) -> Remote:
        """Return the connections of a running deployment, opened when they are first needed."""
        if number not in self._remotes:
            self._remotes[number] = self.remote_for(environment)
        return self._remotes[number]

    def leave(self, number: int) -> None:
        """Close the connections of a deployment that no longer runs here."""
        remote = self._remotes.pop(number, None)
        if remote:
            remote.close()

    def journal(self, number: int) -> Journal:
        """Return where this deployment's steps are written down."""
        return Journal(self.changes, number)

    # What is done

    def run(self, number: int, plan: Plan, segment: Segment) -> None:
        """Run one segment of a plan on its targets; raises DeployError."""
        environment = self.environment(plan.environment)
        remote, authority = self.remote(number, environment), self.authority(number)
        if plan.kind == WAY_OUT:
            # After an abort the hosts begin nothing more of the deployment's own group.
            authority = replace(authority, deployment=f"{authority.deployment}-out")
        first = isinstance(segment.steps[0], Prepare) and not segment.switches
        self._move(number, Status.PREPARING if first else Status.RUNNING)
        hooks = Hooks(self._keeping(environment), self._entering(number, environment, remote, authority))
        Runner(environment, plan, remote, self.journal(number), authority, hooks=hooks).run(segment)
        if any(isinstance(step, Activate) for step in segment.steps):
            self._served(number, plan, segment.steps[0].targets)

    def authority(self, number: int) -> Authority:
        """Return in whose name, and under which token, hosts are told to do this deployment's steps."""
        with self.changes.store.look() as session:
            return Authority(deployments.get(session, number).mark, self.changes.epoch())

    def leads(self) -> bool:
        """Say whether our fencing token is still the newest; a host may have seen another one all the same."""
        with self.changes.store.look() as session:
            return leadership.epoch(session) == self.changes.epoch()

    def looking(self, number: int, segment: Segment) -> str:
        """Write down that the targets are looked at now; return who asked to stop, or nothing."""
        step, journal = segment.steps[0], self.journal(number)
        self._move(number, Status.VERIFYING if isinstance(step, Verify) else Status.RUNNING)
        journal.intend(segment.first, step.word, step.targets)
        return journal.aborted()

    def judged(self, number: int, segment: Segment, outcome: Outcome) -> str:
        """Write down what looking came to."""
        journal, step = self.journal(number), segment.steps[0]
        for target in step.targets:
            elsewhere = outcome.target in step.targets and outcome.target != target
            well = outcome.ok or elsewhere
            journal.looked(segment.first, target, well=well, why="" if well else outcome.message)
        return outcome.code

    def _entering(
        self, number: int, environment: Environment, remote: Remote, authority: Authority
    ) -> Callable[[Host], None]:
        """Return what takes a host: what is being undone may begin nothing more on it, and its lock is ours."""
        with self.changes.store.look() as session:
            undoes = deployments.get(session, number).undoes
            undone = deployments.get(session, undoes).mark if undoes else ""

        def enter(host: Host) -> None:
            if undone:
                remote.abort(host, replace(authority, deployment=undone))
            remote.lock(host, owner(environment), authority)

        return enter

    def unlock_hosts(self, number: int, environment: Environment) -> None:
        """Release the hosts' own locks; one that cannot be reached keeps it, and gives it to the next of ours."""
        remote = self.remote(number, environment)
        for host in environment.hosts:
            with suppress(DeployError):
                remote.unlock(host, owner(environment))

    def _keeping(self, environment: Environment) -> Callable[[], tuple[str, ...]]:
        def keep() -> tuple[str, ...]:
            count = environment.place.keep_releases if environment.place else 5
            with self.changes.store.look() as session:
                running = deployments.running_in(session, environment.name)
                kept = deployments.releases_to_keep(session, environment.name, count)
            return (*((running.release,) if running else ()), *kept)

        return keep

    def _served(self, number: int, plan: Plan, names: Sequence[str]) -> None:
        with self.changes.of(number) as change:
            for name in names:
                targets.put(
                    change.session,
                    plan.environment,
                    name,
                    release=plan.release,
                    sha=plan.sha,
                    deployment_id=number,
                    at=self.changes.clock(),
                )

    def _move(self, number: int, status: Status) -> None:
        with self.changes.of(number) as change:
            now = change.deployment.status
            if now is not status and (now, status) != (Status.RUNNING, Status.PREPARING):
                change.deployment.advance(status, at=self.changes.clock())


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
    with ThreadPoolExecutor(max_workers=max(1, min(10, len(environment.hosts)))) as pool:
        running = [pool.submit(do, host) for host in environment.hosts]
    for future in running:
        future.result()
