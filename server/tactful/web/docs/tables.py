"""Tables of the documentation that are made from the code they describe, so that they cannot fall behind it.

A document names one by a line like `<!-- table: settings -->`, and a file that it shows by `<!-- file: some.yaml -->`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tactful.core.conditions import OPERATORS
from tactful.core.explain import REASONS
from tactful.core.journal import OUTCOMES
from tactful.core.kinds import KINDS, Kind
from tactful.core.languages import LANGUAGES, NAMES
from tactful.core.languages.tags import direction
from tactful.core.policy import DEFAULT_POLICY
from tactful.core.reading import write_policy
from tactful.core.receivers import OUTCOMES as READ_OUTCOMES
from tactful.core.receivers import PRESETS, VERDICTS
from tactful.settings import PREFIX, SETTINGS
from tactful.web.identities import OUTCOMES as PROOFS
from tactful.web.openapi import OPERATIONS, QUERY
from tactful.web.receivers import IGNORED
from tactful.web.sender_templates import TEMPLATES, Template

__all__ = ["TABLES", "with_tables"]

_NAMED = re.compile(r"^<!-- (table|file): (\S+) -->$", re.MULTILINE)

#: What a condition compares with, as a reader of documents says it.
_OPERANDS = {
    "value": "a text, a number, `true` or `false`",
    "list": "a list of such values",
    "number": "a number",
    "pair": "two numbers, the lower first; both belong to it",
    "text": "a text; in a list, one of its entries",
    "time": "a date, which is the whole day in UTC, or a time: `2026-01-31T18:00:00+01:00`",
    "span": "a [span of time](#spans-of-time) before now",
    "none": "nothing",
}
#: What an answer without a score is, by its shape.
_ANSWERS = {
    "text": "text",
    "option": "one option",
    "options": "several options",
    "ranking": "options in order",
    "date": "a day",
    "consent": "yes, or nothing",
    "nothing": "none",
}
_MEASURES = {
    "nps": "share of promoters minus share of detractors, in points",
    "share": "share in the best band, in percent",
    "mean": "mean answer",
    "": "none",
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _code(text: object) -> str:
    return f"`{text}`"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}."


def _settings() -> str:
    rows = []
    for one in SETTINGS:
        default = _code(one.default) if one.default else "none"
        file = f" Or `{PREFIX}{one.name}_FILE`, the path of a file that holds it." if one.secret else ""
        rows.append([_code(PREFIX + one.name), default, _sentence(one.about) + file])
    return _table(("Setting", "Default", "What it is"), rows)


def _operations() -> str:
    rows = ([f"`{one.method} {one.path}`", one.summary, _code(one.scope)] for one in OPERATIONS)
    return _table(("Call", "What it does", "Scope"), rows)


def _queries() -> str:
    users = {name: [one.path for one in OPERATIONS if name in one.query] for name in QUERY}
    rows = (
        [_code(name), ", ".join(map(_code, users[name])), about + _bounds(schema)]
        for name, (schema, about) in QUERY.items()
    )
    return _table(("Parameter", "Of", "What it does"), rows)


def _bounds(schema: dict[str, object]) -> str:
    if "maximum" not in schema:
        return ""
    return f" {schema['minimum']} to {schema['maximum']}, default {schema['default']}."


def _rules() -> str:
    written = write_policy(DEFAULT_POLICY)["rules"]
    names = ("id", "surveys", "count", "cap", "window")
    return _table(names, ([_code(rule[name]) for name in names] for rule in written))


def _kinds() -> str:
    head = ("`kind`", "Answer", "Bands", "Score", "`repeat`", "Its fields")
    return _table(head, (_kind(kind) for kind in KINDS.values()))


def _kind(kind: Kind) -> list[str]:
    answer = f"{kind.lowest} to {kind.highest}" if kind.scored else _ANSWERS[kind.answer]
    bands, lowest = [], kind.lowest
    for band in kind.bands:
        reach = f"{lowest}" if lowest == band.highest else f"{lowest}-{band.highest}"
        bands.append(f"`{band.name}` {reach}")
        lowest = band.highest + 1
    repeat = _code(kind.repeat) if kind.repeat else "none"
    fields = ", ".join(_code(field) for field in kind.fields if field != "required") or "none"
    return [_code(kind.name), answer, ", ".join(bands) or "none", _MEASURES[kind.measure], repeat, fields]


def _operators() -> str:
    rows = (
        [_code(name), _OPERANDS[one.operand], "yes" if one.passes_missing else "no"] for name, one in OPERATORS.items()
    )
    return _table(("Operator", "Compares with", "True when the value is missing"), rows)


def _reasons() -> str:
    rows = ([_code(code), _sentence(re.sub(r"\{(\w+)\}", r"*\1*", words))] for code, words in REASONS.items())
    return _table(("Code", "What it says"), rows)


def _outcomes() -> str:
    return _table(("Outcome", "What it says"), ([_code(code), _sentence(words)] for code, words in OUTCOMES.items()))


def _presets() -> str:
    rows = ([one.name, _code(key), f"{one.about} {one.advice}"] for key, one in PRESETS.items())
    return _table(("Preset", "Key", "What it takes, and by which secret"), rows)


def _outcomes_of_receivers() -> str:
    rows = {**READ_OUTCOMES, **IGNORED}.items()
    return _table(("Code", "What it says"), ([_code(code), words] for code, words in rows))


def _verdicts() -> str:
    return _table(("Code", "What it says"), ([_code(code), words] for code, words in VERDICTS.items()))


def _templates() -> str:
    return "\n\n".join(map(_template, TEMPLATES))


def _template(one: Template) -> str:
    lines = [f"### {one.title}", "", one.about, ""]
    for number, step in enumerate(one.steps, start=1):
        lines.append(f"{number}. {step}")
        if step.endswith(":"):
            lines += ["", *(f"   {line}".rstrip() for line in ("```json", *one.paste.splitlines(), "```")), ""]
    return "\n".join([*lines, *(f"\n{note}" for note in one.notes)])


def _proofs() -> str:
    return _table(("What came of it", "What it says"), ([_code(code), words] for code, words in PROOFS.items()))


def _languages() -> str:
    rows = ([_code(tag), english, itself, _code(direction(tag))] for tag, (english, itself) in NAMES.items())
    return _table(("Tag", "Language", "In itself", "Direction"), rows)


def _words() -> str:
    return _table(("Name", "In English"), ([_code(name), word] for name, word in LANGUAGES["en"].items()))


TABLES: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "operations": _operations,
    "queries": _queries,
    "rules": _rules,
    "kinds": _kinds,
    "operators": _operators,
    "reasons": _reasons,
    "outcomes": _outcomes,
    "presets": _presets,
    "outcomes_of_receivers": _outcomes_of_receivers,
    "verdicts": _verdicts,
    "templates": _templates,
    "proofs": _proofs,
    "languages": _languages,
    "words": _words,
}


def with_tables(text: str, folder: Path) -> str:
    """Put every table and every file of `folder` that a document names in its place, a file as a block of code.

    Raises `KeyError` for a table that there is not.
    """

    def put(named: re.Match[str]) -> str:
        what, name = named.groups()
        if what == "table":
            return TABLES[name]()
        file = folder / name
        return f"```{file.suffix[1:]} {file.name}\n{file.read_text(encoding='utf-8')}```"

    return _NAMED.sub(put, text)
