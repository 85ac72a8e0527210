"""Run Lantern: `python -m demo_site`, settings from the environment."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import uvicorn

from demo_site.app import create_app
from demo_site.settings import Settings, SettingsError

__all__ = ["main"]


def main() -> None:
    """Serve Lantern until told to stop. Exits with status 2 when a setting is missing or wrong, or a library is."""
    try:
        settings = Settings.read(os.environ)
    except SettingsError as error:
        sys.exit(_told(error))
    if find_spec("segment") is None:
        sys.exit(
            _told("Lantern's backend posts its events through a library that is missing: pip install 'tactful[demo]'")
        )
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


def _told(error: object) -> int:
    sys.stderr.write(f"{error}\n")
    return 2


if __name__ == "__main__":
    main()
