"""Check that requirements.lock is true to pyproject.toml, without asking an index.

Every line is a pinned version, a hash or a comment; every requirement is pinned to a version that
it allows; nothing is pinned that was asked for once and no longer is. No line names an address.
"""

import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PIN = re.compile(r"(?P<name>[a-z0-9-]+)==(?P<version>[^\s;]+)(?: ; [^\\]+)? \\")
HASH = re.compile(r" {4}--hash=sha256:[0-9a-f]{64}(?: \\)?")
COMMENT = re.compile(r" {4}# *(?P<text>.+)")
ASKED_FOR = re.compile(r"workbench \(pyproject\.toml(?::dev)?\)")


@dataclass
class Lock:
    """The versions of each pinned package, those that were asked for, and what is wrong."""

    versions: dict[str, set[str]] = field(default_factory=dict)
    direct: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def read_lock(text: str) -> Lock:
    """Read the pins, and note each line that is no pin, hash or comment."""
    lock = Lock()
    name, hashes = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        if pin := PIN.fullmatch(line):
            if not hashes:
                lock.problems.append(f"{name} has no hash.")
            name, hashes = pin["name"], 0
            lock.versions.setdefault(name, set()).add(pin["version"])
        elif HASH.fullmatch(line):
            hashes += 1
        elif (comment := COMMENT.fullmatch(line)) and "://" not in line:
            if ASKED_FOR.search(comment["text"]):
                lock.direct.add(name)
        else:
            lock.problems.append(f"Line {number} is no pin, hash or comment: {line}")
    return lock


def read_requirements(project: dict[str, dict[str, list[str]]]) -> list[Requirement]:
    """Read the dependencies of the project and of its development group."""
    return [
        Requirement(text)
        for text in project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    ]


def compare(lock: Lock, requirements: list[Requirement]) -> list[str]:
    """Say what the lock lacks, what it pins out of bounds and what it keeps in vain."""
    problems = list(lock.problems)
    for requirement in requirements:
        versions = lock.versions.get(canonicalize_name(requirement.name), set())
        if not versions:
            problems.append(f"{requirement} is not locked.")
        problems += [
            f"{requirement} does not allow the locked {version}."
            for version in sorted(versions)
            if not requirement.specifier.contains(version, prereleases=True)
        ]
    wanted = {canonicalize_name(requirement.name) for requirement in requirements}
    problems += [f"{name} is locked, but not asked for." for name in sorted(lock.direct - wanted)]
    return problems


def main() -> int:
    """Print each problem; the exit code says whether there is one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lock = read_lock((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    problems = compare(lock, read_requirements(project))
    for problem in problems:
        print(f"requirements.lock: {problem}")
    print("Run `make lock`." if problems else f"{len(lock.versions)} packages are locked.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
