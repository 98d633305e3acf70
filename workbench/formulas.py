"""What a spreadsheet would take for a formula, and how it is told not to."""

# Quotes do not keep a spreadsheet from it; the wide forms are what some keyboards write.
BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001


def defused(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(BEGINNINGS) else text
