"""What is printed: one line for each budget."""

from __future__ import annotations

from dataclasses import dataclass

COLUMNS = ("what", "measured", "reference", "ratio", "budget", "verdict")


@dataclass(frozen=True)
class Line:
    """One budget: what was measured beside its reference. `within` is None where there is no budget yet."""

    what: str
    measured: str
    reference: str
    ratio: str
    budget: str
    within: bool | None

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {True: "within", False: "MISSED", None: "-"}[self.within]
        return (self.what, self.measured, self.reference, self.ratio, self.budget, verdict)


def show(lines: list[Line]) -> None:
    """Print the lines as a table."""
    rows = [COLUMNS, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    for number, row in enumerate(rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))
