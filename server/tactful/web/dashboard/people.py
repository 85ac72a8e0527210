"""People: who they are, how every ask of theirs went, and of each survey why they may or may not be asked now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from tactful.core.decide import Refusal
from tactful.core.explain import Explanation, explain, in_words
from tactful.core.policy import Rule
from tactful.core.spans import FOREVER
from tactful.core.surveys import Survey
from tactful.core.throttle import RuleReading
from tactful.errors import NotFound
from tactful.identity import normal_id
from tactful.store.people import Known
from tactful.store.profiles import Profile, read_profile, recent_people, search_people
from tactful.store.projects import Config
from tactful.store.script import Row
from tactful.web.dashboard.frame import Look, member_page
from tactful.web.dashboard.labels import cursor_text, loads, query, read_cursor, tone_of, value_text, who_of
from tactful.web.formats import excerpt, span

__all__ = ["PAGE", "people", "person"]

PAGE = 50
_MOST_ASKS = 100
_MOST_SHOWN = 60
_DONE = {
    "erased": "The person is erased. Nothing of theirs is left but, if they had opted out, that they did.",
    "opt-out": "The opt-out is ended. They may be asked again.",
    "test": "They count from now on, like everybody. What they were asked as a test person does not.",
}


@member_page("people")
async def people(look: Look) -> str:
    """`GET /projects/{project_id}/people`: who was here last, or whom a search finds."""
    wanted, before = query(look, "q"), read_cursor(query(look, "before"))
    if wanted:
        rows = await look.service.db.read(search_people, look.project_id, normal_id(wanted) or "", PAGE)
    else:
        rows = await look.service.db.read(recent_people, look.project_id, before, PAGE + 1)
    more = not wanted and len(rows) > PAGE
    rows = rows[:PAGE]
    here = f"/projects/{look.project_id}/people"
    place = {"before": cursor_text(rows[-1]["last_at"], rows[-1]["person_id"])} if more else {}
    return look.render(
        "people.html",
        title="People",
        wanted=wanted,
        first=before is None,
        most=PAGE,
        lines=[_line(look, row) for row in rows],
        older=f"{here}?{urlencode(place)}" if more else None,
        newest=here,
        done=_DONE.get(query(look, "done") or ""),
    )


def _line(look: Look, row: Row) -> dict[str, Any]:
    who = who_of(look, row, {"name": row["name"], "email": row["email"]})
    return {"who": who, "row": row, "opted_out": row["opted_out_at"] is not None, "test": bool(row["test"])}


@member_page("people")
async def person(look: Look) -> str | Response:
    """`GET /projects/{project_id}/people/{person_id}`: one person; whoever was merged leads to whom they became."""
    config, known = await _known(look)
    if known.person_id != look.request.path_params["person_id"]:
        return RedirectResponse(f"/projects/{look.project_id}/people/{known.person_id}", 303)
    profile = await look.service.db.read(read_profile, look.project_id, known.person_id, known.now, _MOST_ASKS)
    traits = loads(profile.row["traits"])
    explained = sorted(explain(config.catalogue, known.person, known.now, {}, config.standings), key=_by_state)
    surveys = {key: live.survey for key, live in config.catalogue.surveys.items()}
    who = who_of(look, profile.row, traits)
    return look.render(
        "person.html",
        title=who.label,
        who=who,
        row=profile.row,
        read_at=known.now,
        aliases=[_alias(alias) for alias in profile.aliases],
        traits=_values(traits),
        account=_account(profile),
        asks=[_ask(look, surveys, row) for row in profile.asks],
        most_asks=_MOST_ASKS,
        waiting=[_waiting(surveys, row) for row in profile.waiting],
        reasons=[_reason(one, known) for one in explained],
        overall=_overall(explained),
        **_rights(look, known),
    )


def _rights(look: Look, known: Known) -> dict[str, Any]:
    """What whoever looks may do for this person (`web/dashboard/rights.py`)."""
    return {
        "here": f"/projects/{look.project_id}/people/{known.person_id}",
        "done": _DONE.get(query(look, "done") or ""),
        "may_erase": look.member.may("editor"),
        "may_end_test": known.person.test and look.member.may("editor"),
        "may_end_opt_out": known.person.opted_out and look.member.may("admin"),
    }


async def _known(look: Look) -> tuple[Config, Known]:
    person_id = look.request.path_params["person_id"]
    found = None if "\0" in person_id else await look.service.person(look.project_id, person_id)
    if found is None:
        raise NotFound("no_such_person", "There is no such person in this project.")
    return found


def _values(traits: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(name, value_text(value)) for name, value in sorted(traits.items())][:_MOST_SHOWN]


def _alias(alias: str) -> tuple[str, str]:
    prefix, _, value = alias.partition(":")
    return {"u": "User id", "a": "Anonymous id"}[prefix], value


def _account(profile: Profile) -> dict[str, Any] | None:
    if profile.row["account_id"] is None:
        return None
    traits = loads(profile.account or "{}")
    return {"id": profile.row["account_id"], "traits": _values(traits)}


# How asks went ------------------------------------------------------------------------------------------------------

#: What became of an ask: the first of these times that is there, and what it means.
_OUTCOMES = (
    ("refunded_at", "Given back: the card could not be drawn, so it does not count"),
    ("responded_at", "Responded after {after}"),
    ("opted_out_at", "Asked after {after} never to be asked again"),
    ("dismissed_at", "Dismissed after {after}"),
    ("seen_at", "Seen after {after}, nothing said"),
)


def _ask(look: Look, surveys: Mapping[str, Survey], row: Row) -> dict[str, Any]:
    survey = surveys.get(row["survey_key"])  # none where a backup was restored that was older than the survey
    column, outcome = next(
        (one for one in _OUTCOMES if row[one[0]] is not None), ("asked_at", "Not seen: the card was not in view")
    )
    comment = row["comment"]
    response_id = row["response_id"]
    return {
        "id": row["ask_id"],
        "survey": survey.name if survey else row["survey_key"],
        "href": response_id and f"/projects/{look.project_id}/responses/{response_id}",
        "tone": tone_of(survey.kind, row["band"]) if survey else "plain",
        "outcome": outcome.format(after=span(row[column] - row["asked_at"])),
        "score": row["score"],
        "band": row["band"],
        "comment": comment and (excerpt(comment) or comment),
        "at": row["asked_at"],
        "counts": row["refunded_at"] is None,
        "by_person": bool(row["asked_for"]),
        "test": bool(row["test"]),
    }


def _name(surveys: Mapping[str, Survey], key: str) -> str:
    return surveys[key].name if key in surveys else key


def _waiting(surveys: Mapping[str, Survey], row: Row) -> dict[str, Any]:
    return {"survey": _name(surveys, row["survey_key"]), "from": row["not_before"], "until": row["expires_at"]}


# Why, and why not ---------------------------------------------------------------------------------------------------

#: The checks besides the rules, in the order in which one would explain them: code, what it asks, and whether test
#: people pass it.
_CHECKS = (
    ("not_live", "The survey is live", False),
    ("opted_out", "Did not ask to be left alone", False),
    ("holdout", "Outside the holdout", True),
    ("sample", "In the survey's sample", True),
    ("audience", "In the survey's audience", False),
    ("tenure", "Known for long enough", True),
    ("repeat", "Not asked this one lately", True),
)
_COUNTED = {"asked": "asks", "dismissed": "dismissals", "responded": "responses"}
_HAPPENED = {"asked": "Asked", "dismissed": "Dismissed", "responded": "Responded"}


def _by_state(explanation: Explanation) -> tuple[bool, int, str]:
    survey = explanation.live.survey
    return survey.state != "live", -survey.priority, survey.key


def _overall(explained: Sequence[Explanation]) -> dict[str, Any]:
    """All live surveys together: how many, how many may be asked now, and when the first of the others is free."""
    live = [one for one in explained if one.live.survey.state == "live"]
    times = [at for one in live if (at := _soon(one.free_at)) is not None]
    return {"live": len(live), "now": sum(one.may_ask for one in live), "next": min(times, default=None)}


def _reason(explanation: Explanation, known: Known) -> dict[str, Any]:
    """One survey: the verdict, its reasons in words, and every check and rule as a row of a table."""
    survey = explanation.live.survey
    rules = {rule.id: rule for rule in explanation.live.rules}
    return {
        "survey": survey,
        "may_ask": explanation.may_ask,
        "free_at": _soon(explanation.free_at),
        "refusals": sorted((_refusal(one, rules) for one in explanation.refusals), key=_lasting),
        "events": [one.event for one in survey.trigger.any],
        "checks": [_check(row, explanation, known) for row in _CHECKS],
        "rules": [_rule(reading, test=known.person.test) for reading in explanation.rules],
    }


def _lasting(refusal: Mapping[str, Any]) -> float:
    """What lasts longest first: it is what decides."""
    return -(float("inf") if refusal["free_at"] is None else refusal["free_at"])


def _soon(free_at: int | None) -> int | None:
    """A time that will come; None for the end of a window without end."""
    return free_at if free_at is not None and free_at < FOREVER else None


def _refusal(refusal: Refusal, rules: Mapping[str, Rule]) -> dict[str, Any]:
    """One reason in words, with the rule's own name apart."""
    window, rule = _window(refusal.window_ms), rules.get(refusal.rule or "")
    words = in_words(refusal, window)
    if rule is not None and refusal.code == "rule":
        words = f"{_HAPPENED[rule.count]} {_times(refusal.counted or 0)} in {window}{_by(rule)}"
    told = {"words": words[0].upper() + words[1:], "free_at": _soon(refusal.free_at)}
    return told | {"rule": refusal.rule, "allows": "none" if refusal.cap == 0 else f"{refusal.cap}"}


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count) or f"{count} times"


def _by(rule: Rule) -> str:
    return "" if rule.surveys == "all" else f" by {_selected(rule)}"


def _window(window_ms: int | None) -> str:
    if window_ms is None:
        return ""
    return "all time" if window_ms >= FOREVER else span(window_ms)


def _check(check: tuple[str, str, bool], explanation: Explanation, known: Known) -> dict[str, Any]:
    code, words, test_people_pass = check
    refusal = next((one for one in explanation.refusals if one.code == code), None)
    return {
        "words": words,
        "passes": refusal is None,
        "window": _window(refusal.window_ms) if refusal else "",
        "waived": test_people_pass and known.person.test,
        "free_at": _soon(refusal.free_at) if refusal else None,
    }


def _rule(reading: RuleReading, *, test: bool) -> dict[str, Any]:
    rule = reading.rule
    return {
        "id": rule.id,
        "words": f"{_COUNTED[rule.count]} of {_selected(rule)}",
        "counted": reading.counted,
        "cap": rule.cap,
        "window": _window(rule.window_ms),
        "full": reading.full,
        "waived": test,
        "free_at": _soon(reading.free_at),
    }


def _selected(rule: Rule) -> str:
    group, _, name = rule.surveys.partition(":")
    return {"all": "any survey", "this": "this survey"}.get(group) or f"surveys of {group} {name}"
