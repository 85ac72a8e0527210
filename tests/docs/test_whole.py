"""The documentation names everything that there is, nothing that there is not, and its links lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from scripts.pictures import IMAGES, PICTURES
from tactful.cli import app
from tactful.core import intervals
from tactful.core.conditions import OPERATORS
from tactful.core.explain import REASONS
from tactful.core.kinds import KINDS
from tactful.core.people import DEVICES
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.reading import policy, questions, receiver, survey, thanks, trigger, variants
from tactful.core.reading.conditions import ANSWER_OPERATORS, GROUPS, PERSON_OPERATORS, RESPONDED
from tactful.core.reading.schedule import SCHEDULE
from tactful.core.reading.wording import KNOWN_VALUES
from tactful.core.receivers import OUTCOMES, PRESETS, VERDICTS
from tactful.core.results import ENOUGH, FEWEST
from tactful.core.schedule import DAYS
from tactful.core.spans import DAY_MS
from tactful.core.surveys import WAITS_MS
from tactful.settings import PREFIX, SETTINGS
from tactful.store.forgetting import REMEMBER_MESSAGES_MS
from tactful.store.members import IDLE_MS, SESSION_MS
from tactful.tokens import ASK, OFFER, PASS
from tactful.web import bodies
from tactful.web.docs.book import DOCS, PAGES, source
from tactful.web.docs.markup import anchors
from tactful.web.docs.tables import TABLES
from tactful.web.openapi import OPERATIONS, QUERY
from tactful.web.receivers import IGNORED, RECEIVER_LIMIT
from tactful.web.routes import ROUTES

ROOT = Path(__file__).parents[2]
WHOLE = "\n".join(source(page) for page in PAGES)


def _code(page: str) -> set[str]:
    """What stands in backticks on a page."""
    return {one for line in source(page).splitlines() for one in re.findall(r"`([^`]+)`", line)}


def _words(page: str) -> set[str]:
    """The words of what stands in backticks: `{every: 3}` names `every`."""
    return {word for one in _code(page) for word in re.findall(r"[\w-]+", one)}


# Links and files


def _links(page: str) -> Iterator[str]:
    yield from re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", source(page), flags=re.DOTALL))


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for link in _links(page):
        target, _, anchor = link.partition("#")
        if target.startswith("images/"):
            assert (DOCS / target).is_file(), link
            continue
        name = target.removesuffix(".md") if target else page
        assert name in PAGES, link
        assert not anchor or anchor in anchors(source(name)), link


def test_every_document_is_a_page_and_every_page_a_document() -> None:
    assert {file.stem for file in DOCS.glob("*.md")} == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_begins_with_its_title(page: str) -> None:
    assert source(page).startswith(
        f"# {'The design of Tactful, for maintainers' if page == 'design' else PAGES[page].title}\n"
    )


def test_pictures_are_what_their_script_draws() -> None:
    drawn = {f"{name}.svg": draw() for name, draw in PICTURES.items()}
    assert {file.name: file.read_text(encoding="utf-8") for file in IMAGES.glob("*.svg")} == drawn
    assert all(f"images/{name}" in WHOLE for name in drawn)


def test_every_table_is_used() -> None:
    written = "\n".join((DOCS / f"{page}.md").read_text(encoding="utf-8") for page in PAGES)
    assert set(re.findall(r"<!-- table: (\w+) -->", written)) == set(TABLES)


# Everything that there is


def test_every_setting_is_there() -> None:
    assert {PREFIX + setting.name for setting in SETTINGS} <= _code("operations")


def _commands(group: Any, name: str = "tactful") -> dict[str, set[str]]:
    """Every command with its options."""
    found = {}
    for part, command in group.commands.items():
        inner = f"{name} {part}"
        if hasattr(command, "commands"):
            found |= _commands(command, inner)
        else:
            found[inner] = {option for one in command.params for option in one.opts if option.startswith("--")}
    return found


def test_every_command_is_there_with_every_option() -> None:
    rows = re.findall(r"^\| `(tactful [^`]+)` \| (.*) \|$", source("operations"), re.MULTILINE)
    told = {re.sub(r" [A-Z.]+$", "", name): set(re.findall(r"`(--[a-z-]+)`", about)) for name, about in rows}
    assert told == _commands(typer.main.get_command(app))


def test_every_address_for_programs_is_there() -> None:
    paths = {getattr(route, "path", "") for route in ROUTES}
    told = {path for path in paths if path.startswith(("/v1/", "/api/")) or path in ("/healthz", "/readyz")}
    assert {path for path in told if path not in WHOLE} == set()
    named = {one for page in PAGES for one in _code(page)}
    named = {one.partition(" ")[2] or one for one in named if re.match(r"((GET|POST|PUT|DELETE) )?/(v1|api|w)/", one)}
    assert {one for one in named if not one.endswith("...")} - paths == set()


@pytest.mark.parametrize(
    ("page", "shapes"),
    [
        ("surveys", (survey.SURVEY, survey.AUDIENCE, survey.THROTTLE, thanks.THANKS, survey.LOOK, survey.LOGO)),
        ("surveys", (thanks.ACTION, thanks.SHARE, thanks.PROMISE)),
        ("surveys", (RESPONDED, SCHEDULE, variants.VARIANT, survey.QUIET)),
        ("surveys", (trigger.TRIGGER, trigger.EVENT, trigger.NTH, trigger.CANCEL, questions.QUESTION)),
        ("throttling", (policy.POLICY, policy.RULE)),
        ("receivers", (receiver.RECEIVER, receiver.PART, *(shape for _, shape in receiver.AUTHS.values()))),
    ],
)
def test_every_field_is_there(page: str, shapes: tuple[Any, ...]) -> None:
    assert {field for shape in shapes for field in shape.fields} - _words(page) == set()


def test_every_word_of_a_definition_is_there() -> None:
    told = _words("surveys")
    names = (KINDS, OPERATORS, ANSWER_OPERATORS, KNOWN_VALUES, GROUPS, DEVICES, DAYS, survey.NOISES)
    assert {name for some in names for name in some} - told == set()
    assert {f"person.{name}" for name in PERSON_OPERATORS} - _code("surveys") == set()
    assert {
        "live",
        "draft",
        "paused",
        "ended",
        *survey.POSITIONS,
    } <= told
    assert {name for names in KNOWN_VALUES.values() for name in names} - told == set()
    assert {band.name for kind in KINDS.values() for band in kind.bands} - told == set()


def test_every_rule_and_reason_is_there() -> None:
    assert {rule.id for rule in DEFAULT_POLICY.rules} | {"asked", "dismissed", "responded"} <= _code("throttling")
    assert set(REASONS) <= _code("throttling")


def test_every_call_and_parameter_is_there() -> None:
    told = _code("api")
    assert {f"{one.method} {one.path}" for one in OPERATIONS} | {one.scope for one in OPERATIONS} | set(QUERY) <= told


def test_every_answer_of_a_receiver_is_there() -> None:
    assert {*VERDICTS, *OUTCOMES, *IGNORED} - {"verified", "unsigned", "read"} <= _code("api")
    assert {*VERDICTS, *OUTCOMES, *IGNORED, *PRESETS} <= _code("receivers")


def test_every_function_of_the_snippet_is_there() -> None:
    main = (ROOT / "widget/src/loader/main.ts").read_text(encoding="utf-8")
    body = main[main.index("const verbs") : main.index("\n}\n", main.index("const verbs"))]
    verbs = set(re.findall(r"^  (?:async )?(\w+)(?:\(|:|,$)", body, re.MULTILINE))
    assert {"identify", "track", "consent"} <= verbs
    assert {verb for verb in verbs if f"`tactful('{verb}'" not in source("snippet")} == set()


def test_every_attribute_of_the_snippet_is_there() -> None:
    loader = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "widget/src/loader").glob("*.ts"))
    used = set(re.findall(r"\bdata\.(\w+)", loader)) | set(re.findall(r"\bdataset\.(\w+)", loader))
    clicked = re.search(r"of \['(\w+)', '(\w+)'\]\) \{\n\s+const said", loader)
    assert clicked is not None
    used |= {"tactful" + what.capitalize() for what in clicked.groups()}
    names = {"data-" + re.sub("[A-Z]", lambda letter: "-" + letter[0].lower(), name) for name in used}
    assert {"data-user-id", "data-tactful-track", "data-tactful-show", "data-tactful-properties"} <= names
    assert {name for name in names if f"`{name}" not in source("snippet")} == set()


# What a number says


@pytest.mark.parametrize(
    ("page", "told", "is_so"),
    [
        ("operations", "| body of a page's request | 64 KiB |", bodies.BROWSER_LIMIT == 64 * 1024),
        ("operations", "| body of a backend's batch | 5 MiB |", bodies.INGEST_LIMIT == 5 * 1024**2),
        ("operations", "| body of a webhook | 1 MiB |", RECEIVER_LIMIT == 1024**2),
        ("operations", "32 KiB, 8 deep, 1,000 values", (bodies.MESSAGE_LIMIT, bodies.DEEPEST) == (32 * 1024, 8)),
        ("operations", "32 KiB, 8 deep, 1,000 values", bodies.MOST_VALUES == 1000),
        ("operations", "| message ids | 7 days |", REMEMBER_MESSAGES_MS == 7 * DAY_MS),
        ("operations", "30 days, 7 without use", (SESSION_MS, IDLE_MS) == (30 * DAY_MS, 7 * DAY_MS)),
        ("operations", "10 minutes, 30 days, 14 days", OFFER.lifetime_ms == DAY_MS / 144),
        (
            "operations",
            "10 minutes, 30 days, 14 days",
            (ASK.lifetime_ms, PASS.lifetime_ms) == (30 * DAY_MS, 14 * DAY_MS),
        ),
        ("surveys", "| `within` | `3d` |", WAITS_MS == 3 * DAY_MS),
        ("surveys", "1 to 20 questions", questions.MOST_QUESTIONS == 20),
    ],
)
def test_numbers_are_the_product_s(page: str, told: str, is_so: bool) -> None:
    assert told in source(page)
    assert is_so


def test_the_widths_of_intervals_are_the_product_s() -> None:
    """The table of an NPS of +45, made of 60 % promoters, 25 % passives and 15 % detractors."""
    rows = re.findall(r"^\| ([\d,]+) \| (\d+)(?: points)? \|$", source("statistics"), re.MULTILINE)
    assert len(rows) > 5
    for n, told in ((int(n.replace(",", "")), int(told)) for n, told in rows):
        interval = intervals.nps(0.6 * n, 0.25 * n, 0.15 * n)
        assert round((interval.high - interval.low) / 2) == told


def test_where_small_samples_begin_is_told() -> None:
    told = source("statistics")
    assert f"Fewer than {FEWEST} answers: only counts" in told
    assert f"Fewer than {ENOUGH}: the score and its interval, called a small sample" in told
