"""What is wrong with the configuration: every fault at once, each with its place and what to write instead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, where it stands, and what to write instead."""

    where: str
    """`shipmate.toml:12`, or the name of an environment variable."""
    wrong: str
    instead: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {' '.join(filter(None, (_sentence(self.wrong), _sentence(self.instead))))}"


class SettingsFaults(Exception):
    """The configuration cannot be used; `str()` lists every fault, one a line."""

    code = "settings"

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        """Keep the faults in the order in which they stand in the file."""
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".?!" else f"{text}."
