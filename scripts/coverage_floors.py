"""Fail when branch coverage falls below its floor: all of core/, 95 % of the rest. `core` alone says that no more was
measured."""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

FLOORS = {"core": 100.0, "rest": 95.0}
REPORT = Path("test-artefacts/coverage.xml")


def main() -> int:
    """Read the report and print each part's coverage beside its floor."""
    wanted = sys.argv[1:] or list(FLOORS)
    counts = {part: [0, 0] for part in FLOORS}
    for file in ET.parse(REPORT).getroot().iter("class"):  # noqa: S314  # our own report
        is_core = wanted == ["core"] or file.get("filename", "").startswith("core/")
        part = "core" if is_core else "rest"
        for line in file.iter("line"):
            covered, total = int(line.get("hits", "0") != "0"), 1
            if line.get("branch") == "true":
                taken, ways = line.get("condition-coverage", "").partition("(")[2].rstrip(")").split("/")
                covered, total = covered + int(taken), total + int(ways)
            counts[part][0] += covered
            counts[part][1] += total
    failed = 0
    for part in wanted:
        covered, total = counts[part]
        share = 100 * covered / total if total else 100.0
        failed += share < FLOORS[part]
        print(f"coverage of {part}: {share:.2f} % (floor {FLOORS[part]:.0f} %)")  # noqa: T201  # a script's output
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
