"""Responses: all of them, newest first, and each with what was asked, when, where and whom.

A filter looks at rows one by one, in small reads with a pause between them, and stops after `MOST_LOOKED_AT`: no search
holds up anybody, and the page says how far back it has looked.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from tactful.core.answers import other_key
from tactful.core.kinds import KINDS, Kind
from tactful.core.retelling import Retelling, retell
from tactful.core.surveys import OTHER, Question, Survey
from tactful.core.telling import lookup_in
from tactful.errors import NotFound
from tactful.store.responses import read_response
from tactful.store.results import list_responses
from tactful.store.script import Row
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import (
    cursor_text,
    loads,
    query,
    read_cursor,
    tone_of,
    value_text,
    who_of,
)
from tactful.web.dashboard.questions import option_label
from tactful.web.formats import excerpt, span
from tactful.web.rendering import AFTER_LABELS

__all__ = ["MOST_LOOKED_AT", "PAGE", "response", "responses"]

PAGE = 30
_AT_ONCE = 250
MOST_LOOKED_AT = 10_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to list: a survey's key, a band, and words in the comment; empty means any."""

    survey: str
    band: str
    words: str
    before: tuple[int, str] | None

    @property
    def narrows(self) -> bool:
        return bool(self.band or self.words)

    def fits(self, row: Row) -> bool:
        if self.band and row["band"] != self.band:
            return False
        return not self.words or self.words.casefold() in (row["comment"] or "").casefold()


@dataclass(slots=True)
class Found:
    """A page of the list: its rows, where the next one begins, and how many rows were looked at, back to when."""

    rows: list[Row] = field(default_factory=list)
    following: str | None = None
    looked_at: int = 0
    back_to: int | None = None

    @property
    def gave_up(self) -> bool:
        return self.following is not None and len(self.rows) < PAGE


async def _find(look: Look, wanted: Wanted) -> Found:
    found, before = Found(), wanted.before
    most = _AT_ONCE if wanted.narrows else PAGE + 1
    while found.looked_at < MOST_LOOKED_AT:
        rows = await look.service.db.read(list_responses, look.project_id, wanted.survey or None, before, most)
        for row in rows:
            fits = wanted.fits(row)
            if fits and len(found.rows) == PAGE:
                found.following = _place(found.rows[-1])
                return found
            found.looked_at += 1
            found.back_to = row["created_at"]
            if fits:
                found.rows.append(row)
        if len(rows) < most:
            return found
        before = (rows[-1]["created_at"], rows[-1]["response_id"])
        await asyncio.sleep(0)  # others get their turn
    found.following = _place(rows[-1])
    return found


def _place(row: Row) -> str:
    return cursor_text(row["created_at"], row["response_id"])


@member_page("responses")
async def responses(look: Look) -> str:
    """`GET /projects/{project_id}/responses`: what was said, newest first."""
    assert look.config is not None, "a page below a project"
    surveys = look.config.catalogue.surveys
    wanted = Wanted(query(look, "survey"), query(look, "band"), query(look, "q"), read_cursor(query(look, "before")))
    if wanted.survey and wanted.survey not in surveys:
        raise NotFound("no_such_survey", "There is no such survey in this project.")
    found = await _find(look, wanted)
    kept = {name: value for name in ("survey", "band", "q") if (value := query(look, name))}
    here = f"/projects/{look.project_id}/responses"
    return look.render(
        "responses.html",
        title="Responses",
        wanted=wanted,
        surveys=sorted((live.survey.name, key) for key, live in surveys.items()),
        kinds=_kinds({live.survey.kind for key, live in surveys.items() if wanted.survey in ("", key)}),
        lines=[_line(look, row) for row in found.rows],
        found=found,
        older=None if found.following is None else f"{here}?{urlencode(kept | {'before': found.following})}",
        newest=f"{here}?{urlencode(kept)}",
        filtered=bool(kept),
        command=f"tactful apply surveys.yaml --project {shlex.quote(look.config.name)}",
    )


def _kinds(present: set[str]) -> list[Kind]:
    """The scored kinds whose bands the filter offers."""
    return [kind for kind in KINDS.values() if kind.scored and kind.name in present]


def _line(look: Look, row: Row) -> dict[str, Any]:
    assert look.config is not None, "a page below a project"
    live = look.config.catalogue.surveys[row["survey_key"]]
    comment = row["comment"]
    return {
        "id": row["response_id"],
        "href": f"/projects/{look.project_id}/responses/{row['response_id']}",
        "score": row["score"],
        "band": row["band"],
        "tone": tone_of(live.survey.kind, row["band"]),
        "comment": comment and (excerpt(comment) or comment),
        "chosen": None if comment else _chosen(live.survey, loads(row["answers"]), look.config.name),
        "cut": bool(comment) and excerpt(comment) is not None,
        "survey": live.survey.name,
        "who": who_of(look, row, loads(row["traits"])),
        "at": row["created_at"],
        "done": bool(row["done"]),
        "test": bool(row["test"]),
    }


def _chosen(survey: Survey, given: Mapping[str, object], project_name: str) -> str | None:
    """What was chosen first, in the words that the survey has for it now."""
    for question in survey.questions:
        value = given.get(question.id)
        if question.choices and value is not None:
            chosen = [option_label(question, str(one), project_name) for one in _several(value)]
            return (" > " if question.kind.answer == "ranking" else ", ").join(chosen)
    return None


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


@member_page("responses")
async def response(look: Look) -> str:
    """`GET /projects/{project_id}/responses/{response_id}`: one response with everything about it."""
    assert look.config is not None, "a page below a project"
    response_id = look.request.path_params["response_id"]
    read = None if "\0" in response_id else await look.service.db.read(read_response, look.project_id, response_id)
    if read is None:
        raise NotFound("no_such_response", "There is no such response in this project.")
    row, account, clicks = read[0], loads(read[1]), read[2]
    survey = await look.service.configs.survey_version(look.project_id, row["survey_key"], row["version"])
    traits = loads(row["traits"])
    who = who_of(look, row, traits)
    current = look.config.catalogue.surveys[row["survey_key"]]
    return look.render(
        "response.html",
        title=f"{survey.name}: {who.label}",
        survey=survey,
        row=row,
        tone=tone_of(survey.kind, row["band"]),
        answers=_answers(look, survey, row, {"traits": traits, "account": account}),
        about=[(name, value_text(value)) for name, value in loads(row["event"]).items()],
        page=_page(row["page"]),
        moments=_moments(row, clicks),
        who=who,
        account_name=_account_name(row["account_id"], account),
        version_is_current=current.version == row["version"],
    )


def _account_name(account_id: str | None, account: Mapping[str, object]) -> str | None:
    name = account.get("name")
    return name if isinstance(name, str) and name else account_id


def _page(address: str) -> dict[str, str | None]:
    """A page's address as text, and as a link where it is one that a browser may safely follow."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return {"text": address, "href": None}
    safe = parts.scheme in ("http", "https") and bool(parts.netloc)
    return {"text": parts.netloc + parts.path if safe else address, "href": address if safe else None}


def _answers(look: Look, survey: Survey, row: Row, values: Mapping[str, object]) -> list[dict[str, Any]]:
    """Every question of the version that was asked, in its words and language, with what was answered."""
    assert look.config is not None, "a page below a project"
    since = min(row["first_seen_at"], row["person_created_at"] or row["first_seen_at"])
    person = {"known": row["user_id"] is not None, "age_days": max(0, row["asked_at"] - since) // 86_400_000}
    told = {**values, "person": person, "project": {"name": look.config.name}, "event": loads(row["event"])}
    own = look.config.words
    say = retell(survey, row["locale"], row["variant"], lookup_in(told), band=row["band"], own=own)
    given = loads(row["answers"])
    return [_answer(question, given, say) for question in say.questions if question.kind.answer != "nothing"]


def _answer(question: Question, given: Mapping[str, object], say: Retelling) -> dict[str, Any]:
    value, kind = given.get(question.id), question.kind
    band = _band(kind, value)
    answer = {"ask": say(question.ask), "kind": kind, "value": value, "tone": tone_of(kind, band), "scale": None}
    if not kind.scored:
        return answer | {"said": _said(question, given, say)}
    low, high = say.ends(question)
    scores = range(kind.lowest, kind.highest + 1)
    return answer | {"scale": {"scores": scores, "low": low, "high": high, "band": band}}


def _said(question: Question, given: Mapping[str, object], say: Retelling) -> list[str]:
    """An answer that is no score as its lines: what was chosen by its labels, a consent by what it says."""
    value = given.get(question.id)
    if value is None:
        return []
    match question.kind.answer:
        case "option" | "options" | "ranking":
            return [_chosen_as(question, str(one), given, say) for one in _several(value)]
        case "consent":
            return [say(question.label) if question.label else ""]
    return [str(value)]


def _chosen_as(question: Question, option: str, given: Mapping[str, object], say: Retelling) -> str:
    """What was chosen; beside an option of their own what they wrote there."""
    label, written = say.option(question, option), given.get(other_key(question))
    return f"{label}: {written}" if option == OTHER and written else label


def _band(kind: Kind, value: object) -> str | None:
    return next((band.name for band in kind.bands if isinstance(value, int) and value <= band.highest), None)


_MOMENTS = (
    ("Asked", "asked_at"),
    ("Seen", "seen_at"),
    ("First answer", "created_at"),
    ("Dismissed", "dismissed_at"),
    ("Asked never to be asked again", "opted_out_at"),
    ("Last answer", "updated_at"),
)


def _moments(row: Row, clicks: Sequence[Row]) -> list[dict[str, Any]]:
    """When what happened, in order, each with the time since the one before."""
    found = [(row[column], index, name) for index, (name, column) in enumerate(_MOMENTS) if row[column]]
    if row["updated_at"] == row["created_at"]:
        found = [one for one in found if one[2] != "Last answer"]
    found = sorted(found + [(one["clicked_at"], len(_MOMENTS), AFTER_LABELS[one["what"]]) for one in clicks])
    before = None
    moments = []
    for at, _, name in found:
        moments.append({"name": name, "at": at, "after": None if before is None else span(at - before)})
        before = at
    return moments
