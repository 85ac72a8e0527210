"""A `curl` line of the documentation as the request that it would send."""

from __future__ import annotations

import argparse
import base64
import shlex
from collections.abc import Mapping
from typing import Any

__all__ = ["as_request"]


def as_request(line: str, own: Mapping[str, str]) -> dict[str, Any]:
    """Read a curl line, with `own` in the place of what stands for it, as arguments of a client's `request`."""
    for placeholder, value in own.items():
        line = line.replace(placeholder, value)
    program, *words = shlex.split(line.replace("\\\n", " "))
    assert program == "curl", line
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-u", dest="user")
    parser.add_argument("-d", dest="data")
    given = parser.parse_args(words)
    headers = dict(header.split(": ", 1) for header in given.headers)
    if given.user:
        headers["Authorization"] = "Basic " + base64.b64encode(given.user.encode()).decode()
    if given.data is not None:
        # What curl says of a body that it was not told about; the service must not mind.
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    method = given.method or ("GET" if given.data is None else "POST")
    return {"method": method, "url": given.url, "headers": headers, "content": given.data}
