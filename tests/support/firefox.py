"""A real Firefox, told what to do by WebDriver BiDi, which it speaks by itself: no driver, and no build of its own.

Playwright knows only Firefoxes that it has built, and the tests want the one that people use.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.support.processes import until

__all__ = ["Firefox", "a_firefox", "firefox_path"]

WITHIN_S = 60.0

#: Nothing that would call home, and no page of its own.
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,",
    "toolkit.telemetry.server": "data:,",
}

KEYS = {"Tab": "\ue004", "Enter": "\ue006", "Space": " ", "ArrowRight": "\ue014", "Escape": "\ue00c"}


def firefox_path() -> str | None:
    """The Firefox that `scripts/firefox` found, or the machine's; None where there is none."""
    return os.environ.get("TACTFUL_TEST_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One tab of a running Firefox."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._sent = 0
        self.errors: list[str] = []
        self._tell("session.new", capabilities={})
        self._tell("session.subscribe", events=["log.entryAdded"])
        # Not the tab that it begins with, which never has the focus, so that a key there presses no button.
        self._tab = self._tell("browsingContext.create", type="tab")["context"]

    def _tell(self, method: str, **params: Any) -> Any:
        """Send a command and return its result; what happened meanwhile is noted."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": params}))
        while True:
            said = json.loads(self._socket.recv(timeout=WITHIN_S))
            if said.get("id") == self._sent:
                assert said["type"] == "success", said
                return said["result"]
            if said.get("method") == "log.entryAdded" and said["params"]["type"] == "javascript":
                self.errors.append(said["params"]["text"])

    def size(self, width: int, height: int) -> None:
        """Give the page this size, in CSS pixels."""
        self._tell("browsingContext.setViewport", context=self._tab, viewport={"width": width, "height": height})

    def open(self, address: str) -> None:
        """Go to a page and wait until it has loaded."""
        self._tell("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What a JavaScript expression, or the promise that it is, comes to: anything that JSON can say."""
        written = f"Promise.resolve({expression}).then((value) => JSON.stringify(value ?? null))"
        target = {"context": self._tab}
        told = self._tell("script.evaluate", expression=written, target=target, awaitPromise=True)
        assert told["type"] == "success", told
        return json.loads(told["result"]["value"])

    def press(self, *keys: str) -> None:
        """Press keys, each by its name in `KEYS` or as a letter."""
        pressed = [KEYS.get(key, key) for key in keys]
        strokes = [{"type": kind, "value": key} for key in pressed for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": strokes}
        self._tell("input.performActions", context=self._tab, actions=[keyboard])

    def click(self, x: float, y: float) -> None:
        """Click with the mouse at a point of the page's view."""
        actions: list[dict[str, Any]] = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        actions += [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        self._tell("input.performActions", context=self._tab, actions=[mouse])

    def picture(self) -> str:
        """What is to be seen, as a PNG in base64."""
        data: str = self._tell("browsingContext.captureScreenshot", context=self._tab)["data"]
        return data


@contextlib.contextmanager
def a_firefox(path: str) -> Iterator[Firefox]:
    """A headless Firefox with an empty profile for the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        profile = Path(folder)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("".join(lines), encoding="utf-8")
        command = [
            path,
            "--headless",
            "--no-remote",
            "--profile",
            folder,
            "--remote-debugging-port",
            "0",
            "about:blank",
        ]
        own = os.environ | {"HOME": folder, "MOZ_DISABLE_AUTO_SAFE_MODE": "1"}
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own)
        try:
            with connect(f"{_address(process, profile)}/session", max_size=None, open_timeout=WITHIN_S) as socket:
                yield Firefox(socket)
        finally:
            process.terminate()
            process.wait()


def _address(process: subprocess.Popen[bytes], profile: Path) -> str:
    """Where it listens, which it writes into its profile once it does."""
    told = profile / "WebDriverBiDiServer.json"
    until(lambda: process.poll() is not None or (told.exists() and told.read_text().endswith("}")))
    assert process.poll() is None, "Firefox ended before it listened"
    server = json.loads(told.read_text())
    return f"ws://{server['ws_host']}:{server['ws_port']}"
