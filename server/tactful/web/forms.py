"""What a form of ours sends: a few short texts, and nothing but texts."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from tactful.errors import BadRequest
from tactful.web.bodies import read_bytes

__all__ = ["read_form"]

_LIMIT = 16 * 1_024
_MOST_FIELDS = 50
_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request, limit: int = _LIMIT) -> Mapping[str, str]:
    """Read the fields of a form, `limit` bytes of them at most; of several with one name the last counts.

    Raises `BadRequest` and `TooLarge`.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise BadRequest("bad_form", f"Send a form as {_TYPE}.")
    body = await read_bytes(request, limit)
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise BadRequest("bad_form", "The form cannot be read.") from error
    form = dict(fields)
    if any("\0" in text for text in form.values()):
        raise BadRequest("bad_form", "U+0000 is not a character of any text.")
    return form
