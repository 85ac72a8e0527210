"""Run Lantern: `python -m demo_site`, settings from the environment."""

from __future__ import annotations

import os
import sys

import uvicorn

from demo_site.app import create_app
from demo_site.settings import Settings, SettingsError

__all__ = ["main"]


def main() -> None:
    """Serve Lantern until told to stop. Exits with status 2 when a setting is missing or wrong."""
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        sys.exit(_told(error))
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


def _told(error: SettingsError) -> int:
    sys.stderr.write(f"{error}\n")
    return 2


if __name__ == "__main__":
    main()
