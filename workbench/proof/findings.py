"""What came of an attempt, and of the control beside it."""

from dataclasses import dataclass

from workbench.proof.world import Seen

ANOTHER, BEYOND = "another tenant", "beyond its role"
REFUSED, NOTHING, REACHED = "refused", "shown nothing of it", "REACHED"


@dataclass(frozen=True, slots=True)
class Finding:
    """One attempt: who tried what through which door, what came of it, and whether it was held.

    `detail` is the SQLSTATE, HTTP status or code of a refusal. `control` tells which twin was tried
    beside it with the tenant's own row: "same" is the same attempt, any other a simpler look at
    one's own rows through the same door.
    """

    door: str
    role: str
    token: str
    verb: str
    table: str
    aim: str
    outcome: str
    detail: str
    control: str
    is_leak: bool
    is_controlled: bool


def outcome(seen: Seen, *, is_leak: bool) -> tuple[str, str]:
    """What an attempt came to, in words, and the code of its refusal."""
    if is_leak:
        return REACHED, seen.error or ""
    return (REFUSED, seen.error) if seen.error else (NOTHING, "")
