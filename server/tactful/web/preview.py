"""A survey in the real card, before anybody is asked: for members, and by a signed link for whoever has no account.

The card runs in a frame on a page of nobody's, and what it would post goes nowhere: no ask is recorded, so there is
nothing that could count. The frame's document is part of the page (`srcdoc`), so it has the page's own strict policy,
and it is sandboxed, so it has none of our origin: no cookie, no storage, no page of ours.

A band is shown by the last question and what is said after it, whatever is answered there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response

from tactful.core.decide import LiveSurvey
from tactful.core.languages import LANGUAGES, NAMES
from tactful.core.surveys import Survey
from tactful.core.telling import lookup_in, tell, written_languages
from tactful.core.texts import ELSE
from tactful.errors import NotFound, TactfulError
from tactful.store.projects import Config
from tactful.store.versions import find_version
from tactful.tokens import PREVIEW
from tactful.web.access import PAGE_POLICY, error_response, page_response
from tactful.web.browser import service_of
from tactful.web.files import Widget
from tactful.web.rendering import render
from tactful.web.service import Service

__all__ = ["SHOWN_AS", "drawn", "link_of", "preview_response", "shared", "wish_of"]

#: What the toolbar chooses of every survey, by the field's name; the first of each is what it begins with.
SHOWN_AS: Mapping[str, Mapping[str, str]] = {
    "scheme": {"": "The survey's", "light": "Light", "dark": "Dark", "auto": "As this device"},
    "width": {"": "Whole width", "tablet": "Tablet", "phone": "Phone"},
}

#: As every page's, but the card makes a policy of its own where it loads a part, and a logo lies anywhere.
_POLICY = PAGE_POLICY.replace("img-src 'self' data:", "img-src 'self' data: https:").replace(
    "trusted-types 'none'", "trusted-types tactful"
)


class Wish(NamedTuple):
    """What whoever looks has chosen; what the survey does not have is as if it were not chosen."""

    lang: str = ""
    scheme: str = ""
    width: str = ""
    variant: str = ""
    band: str = ""


def wish_of(fields: Mapping[str, str]) -> Wish:
    """Read the toolbar's fields, of an address or of a form."""
    return Wish(*(fields.get(name, "") for name in Wish._fields))


def link_of(service: Service, project_id: str, survey_key: str, version: int) -> str:
    """A link by which anybody sees this version of the survey."""
    token = service.tokens.sign(PREVIEW, [project_id, survey_key, version])
    return f"{service.settings.base_url}/preview/{token}"


def preview_response(html: str, status: int = 200) -> Response:
    """A page with the card in it."""
    response = page_response(html, status)
    response.headers["Content-Security-Policy"] = _POLICY
    return response


def drawn(request: Request, survey: Survey, config: Config, wish: Wish) -> dict[str, Any]:
    """What the toolbar and the frame of a page need (`templates/preview_part.html`)."""
    choices = _choices(survey)
    chosen = {
        name: value if value in choices[name] else next(iter(choices[name])) for name, value in wish._asdict().items()
    }
    told = _told(survey, config, chosen)
    widget: Widget = request.app.state.widget
    # By the page's own host, whatever name of ours it was opened by: nothing else may be loaded.
    if service_of(request).tellings.more_for(survey):
        told["more"] = widget.more.pin("")
    frame = render(
        "preview_frame.html",
        title="Preview",
        asked=orjson.dumps({"ask": "preview", "survey": told}).decode(),
        lang=told["lang"],
        dir=told["dir"],
        scheme=told["look"]["scheme"],
        card=widget.card,
    )
    return {"choices": choices, "chosen": chosen, "frame": frame, "survey": survey}


def _choices(survey: Survey) -> dict[str, Mapping[str, str]]:
    """What may be chosen of each field, by what it is called."""
    # Where no text names its language, the card's own words still have one.
    tags = written_languages(survey) or tuple(LANGUAGES)
    scored = survey.scored
    bands = [band.name for band in scored.kind.bands] if scored else []
    return {
        "lang": {tag: f"{NAMES[tag][0]} ({tag})" if tag in NAMES else tag for tag in tags},
        **SHOWN_AS,
        "variant": {"": "None", **{one.name: one.name for one in survey.variants}},
        "band": {"": "Whoever answers", **{band: band for band in (*bands, ELSE)}},
    }


def _told(survey: Survey, config: Config, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The survey as a card is told of it."""
    lookup = lookup_in({"project": {"name": config.name}})
    told = tell(LiveSurvey(survey, 0, ()), chosen["lang"], lookup, chosen["variant"] or None, own=config.words)
    told["look"]["scheme"] = chosen["scheme"] or told["look"]["scheme"]
    if told["look"]["target"]:
        told["look"]["target"] = "place"
    return _as_told_to(told, chosen["band"]) if chosen["band"] else told


def _as_told_to(told: dict[str, Any], band: str) -> dict[str, Any]:
    """The last question and the thanks, as somebody of `band` is told them."""
    last = _in_band(told["questions"][-1], band) | {"if": None, "required": False}
    thanks = told["thanks"].get(band) or told["thanks"].get(ELSE)
    at_end = {ELSE: _in_band(thanks, band)} if thanks else {}
    bands = [name for name, _ in last.get("bands", [])]
    return told | {"intro": None, "questions": [last], "thanks": at_end | dict.fromkeys(bands, at_end.get(ELSE, {}))}


def _in_band(value: Any, band: str) -> Any:
    """The same where each text that depends on the band is what it says to this one."""
    if isinstance(value, dict):
        if value.keys() == {"by"}:
            return value["by"].get(band, value["by"].get(ELSE))
        return {name: _in_band(one, band) for name, one in value.items()}
    return [_in_band(one, band) for one in value] if isinstance(value, list) else value


async def shared(request: Request) -> Response:
    """`GET /preview/{token}`: one version of a survey, for whoever has the link."""
    try:
        return await _shared(request)
    except TactfulError as error:
        return error_response(error)


async def _shared(request: Request) -> Response:
    service = service_of(request)
    service.limits.knock(service.addresses.of(request.scope))
    opened = service.tokens.read(PREVIEW, request.path_params["token"])
    project_id, key, number = opened.payload
    config = await service.configs.get(project_id)
    found = await service.db.read(find_version, project_id, key, number)
    if found is None:
        raise NotFound("no_such_version", "There is no such version of this survey any more.")
    values = drawn(request, found.survey, config, wish_of(request.query_params))
    html = render("preview_shared.html", title=f"Preview of {found.survey.name}", until=opened.expires_at, **values)
    return preview_response(html)
