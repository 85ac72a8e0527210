"""What Lantern is told by its environment: one table, read once, every fault reported together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

__all__ = ["Settings", "SettingsError"]

#: Setting -> what it is for. All of these must be given: `tactful project create` prints the last four.
_REQUIRED = {
    "LANTERN_PUBLIC_KEY": "the project's public key, part of the widget's address",
    "LANTERN_WRITE_KEY": "the project's write key, for events from Lantern's backend",
    "LANTERN_API_TOKEN": "the project's API token, for the panel's questions",
    "LANTERN_IDENTITY_SECRET": "the project's identity secret, which signs who is logged in",
}
_DEFAULTS = {
    "LANTERN_TACTFUL_URL": "http://localhost:8000",
    "LANTERN_RESULTS_URL": "",
    "SITE_HOST": "127.0.0.1",
    "SITE_PORT": "8001",
}


class SettingsError(Exception):
    """Lantern cannot start. `faults` has a sentence for every setting that is missing or wrong."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("Lantern cannot start:\n" + "\n".join(f"  - {fault}" for fault in faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where Tactful is, the keys of Lantern's project there, and where Lantern itself listens."""

    tactful_url: str
    public_key: str
    write_key: str = field(repr=False)
    api_token: str = field(repr=False)
    identity_secret: str = field(repr=False)
    results_url: str
    host: str = "127.0.0.1"
    port: int = 8001

    @property
    def tactful_origin(self) -> str:
        """Scheme, host and port of Tactful: what the content security policy names."""
        parts = urlsplit(self.tactful_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def widget_url(self) -> str:
        """The address of the widget's script for this project."""
        return f"{self.tactful_url}/w/{self.public_key}.js"

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings, or raise `SettingsError` naming every one that is missing or wrong."""
        given = {name: environ.get(name, "").strip() for name in (*_REQUIRED, *_DEFAULTS)}
        values = {name: value or _DEFAULTS.get(name, "") for name, value in given.items()}
        values["LANTERN_RESULTS_URL"] = values["LANTERN_RESULTS_URL"] or values["LANTERN_TACTFUL_URL"]
        faults = [f"{name} is not set: {purpose}." for name, purpose in _REQUIRED.items() if not values[name]]
        faults += [
            f"{name} must be an http(s) address, not {values[name]!r}."
            for name in ("LANTERN_TACTFUL_URL", "LANTERN_RESULTS_URL")
            if not _is_address(values[name])
        ]
        if not _is_port(values["SITE_PORT"]):
            faults.append(f"SITE_PORT must be a number from 1 to 65535, not {values['SITE_PORT']!r}.")
        if faults:
            raise SettingsError(faults)
        return cls(
            tactful_url=values["LANTERN_TACTFUL_URL"].rstrip("/"),
            public_key=values["LANTERN_PUBLIC_KEY"],
            write_key=values["LANTERN_WRITE_KEY"],
            api_token=values["LANTERN_API_TOKEN"],
            identity_secret=values["LANTERN_IDENTITY_SECRET"],
            results_url=values["LANTERN_RESULTS_URL"],
            host=values["SITE_HOST"],
            port=int(values["SITE_PORT"]),
        )


def _is_address(written: str) -> bool:
    parts = urlsplit(written)
    # A space or a semicolon in the origin would end the directive of the content security policy it is put into.
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not set(parts.netloc) & set(" ;,'\"")


def _is_port(written: str) -> bool:
    return written.isdecimal() and 1 <= int(written) <= 65_535
