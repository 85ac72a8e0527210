"""Draw the pictures of the documentation: `python scripts/pictures.py` writes `server/tactful/docs/images/*.svg`.

A picture is as wide as a phone, so its words can be read there. It brings its own style, light and dark, since a page
shows it as an image, and its numbers come from the product's own rules where they can.
"""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import escape

from tactful.core.decide import share_of
from tactful.core.throttle import free_at

__all__ = ["PICTURES"]

IMAGES = Path(__file__).parent.parent / "server/tactful/docs/images"
WIDTH = 440

STYLE = """
text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1d2127; }
.soft { fill: #5b616b; font-size: 13px; } .b { font-weight: 650; }
.end { text-anchor: end; } .mid { text-anchor: middle; }
.line { stroke: #8b8f98; } .now { stroke: #1d2127; stroke-width: 2; } .dash { stroke: #8b8f98; stroke-dasharray: 3 4; }
.range { fill: #d5ddfb; } .wait { fill: #e9e6e0; } .paper { fill: #fff; stroke: #8b8f98; }
.ask { fill: #3b5bdb; } .not { fill: #fbfaf8; stroke: #8b8f98; stroke-width: 1.5; }
.yes { stroke: #0d8272; } .no { stroke: #bf4522; } .hold { fill: #fbfaf8; stroke: #bf4522; stroke-width: 2.5; }
.mark { fill: none; stroke-width: 2.5; stroke-linecap: round; stroke-linejoin: round; }
@media screen and (prefers-color-scheme: dark) {
text { fill: #eceae6; } .soft { fill: #a3a9b3; } .now { stroke: #eceae6; }
.line, .dash, .paper, .not { stroke: #767d89; }
.range { fill: #303b69; } .wait { fill: #292d33; } .paper { fill: #1e2126; } .ask { fill: #8ea4ff; }
.not, .hold { fill: #15171b; } .yes { stroke: #3dbba8; } .no { stroke: #f0805c; } .hold { stroke: #f0805c; }
}
""".strip()


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Words whose line stands at `y`."""
    return f'<text x="{x:g}" y="{y:g}"{_class(kind)}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str = "line") -> str:
    """A straight line."""
    return f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}"{_class(kind)}/>'


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A rectangle with round corners."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5"{_class(kind)}/>'


def dot(x: float, y: float, kind: str = "ask", radius: float = 6) -> str:
    """A circle: an ask, or a person."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}"{_class(kind)}/>'


def verdict(x: float, y: float, *, free: bool) -> str:
    """A tick or a cross, about 14 wide, around (x, y)."""
    drawn = f"M{x - 6:g} {y:g}l4 5 8-10" if free else f"M{x - 5:g} {y - 5:g}l10 10m0-10l-10 10"
    return f'<path d="{drawn}" class="mark {"yes" if free else "no"}"/>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def picture(height: int, parts: list[str]) -> str:
    """A whole picture."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">'
    return "\n".join([head, f"<style>\n{STYLE}\n</style>", *parts, "</svg>", ""])


def window() -> str:
    """One ask, and a window of seven days at three moments."""
    ask, days = 8, 7

    def x(day: float) -> float:
        return 10 + day * 23

    parts = [text(x(ask), 16, "an ask", "mid"), line(x(ask), 24, x(ask), 204, "dash")]
    for row, now in enumerate((10, 14, 16)):
        y = 36 + row * 56
        counted, again = free_at([ask], cap=1, window_ms=days, now=now)
        parts += [
            box(x(now - days), y, x(now) - x(now - days), 34, "range"),
            line(x(now), y - 4, x(now), y + 38, "now"),
            text(x(now) - 8, y + 22, "7 days", "end soft")
            if row
            else text(x(now - days) + 8, y + 22, "7 days", "soft"),
            dot(x(ask), y + 17, "ask" if counted else "not"),
            text(x(now) + 8, y + 13, "now", "soft"),
            verdict(x(now) + 19, y + 28, free=again is None),
        ]
    parts += [line(x(0), 212, x(18), 212)]
    parts += [text(x(day), 230, f"day {day}" if day == 1 else str(day), "mid soft") for day in (1, 4, 8, 12, 16)]
    return picture(240, parts)


RULES = (("any-7d", 7, 1, "any"), ("nps-90d", 90, 1, "nps"), ("any-90d", 90, 3, "any"))
ASKS = ((-6, "nps"), (5, "csat"), (30, "csat"), (62, "csat"))


def rules() -> str:
    """Three rules that read one history."""
    now = 90

    def x(day: float) -> float:
        return 34 + day * 3.15

    parts = []
    for row, (name, days, cap, kind) in enumerate(RULES):
        y = 14 + row * 76
        times = [at for at, asked in ASKS if kind in ("any", asked)]
        counted, again = free_at(times, cap=cap, window_ms=days, now=now)
        told = f"{counted} of {cap}" + ("" if again is None else f", until day {again}")
        parts += [
            text(10, y + 8, name, "b"),
            text(x(now) - 8, y + 8, told, "end soft"),
            box(x(now - days), y + 18, x(now) - x(now - days), 34, "range"),
            *(dot(x(at), y + 35, "ask" if at in times and at > now - days else "not") for at, _ in ASKS),
            verdict(x(now) + 28, y + 35, free=again is None),
        ]
    parts += [line(x(now), 14, x(now), 232, "now"), line(10, 240, 424, 240)]
    parts += [text(x(day), 258, told, "mid soft") for day, told in ((0, "day 0"), (30, "30"), (60, "60"), (now, "now"))]
    return picture(268, parts)


def _card(x: float, y: float, *, chosen: bool, closed: bool) -> list[str]:
    cells = [box(x + 10 + 13 * cell, y + 24, 11, 14, "ask" if chosen and cell == 4 else "wait") for cell in range(5)]
    cross = f'<path d="M{x + 72:g} {y + 7:g}l7 7m0-7l-7 7" class="mark {"no" if closed else "line"}"/>'
    return [box(x, y, 88, 50, "paper"), line(x + 11, y + 12, x + 54, y + 12), *cells, cross]


def dismissed() -> str:
    """What counts as what."""
    rows = (
        ("A score was clicked", "asked, responded", {"chosen": True, "closed": False}),
        ("Closed before a word", "asked, dismissed", {"chosen": False, "closed": True}),
        ("Left alone", "asked", {"chosen": False, "closed": False}),
    )
    parts: list[str] = []
    for row, (happened, counts, how) in enumerate(rows):
        y = 8 + row * 68
        parts += [
            *_card(6, y, **how),
            text(116, y + 21, happened, "b"),
            text(116, y + 42, f"counts as {counts}", "soft"),
        ]
    return picture(206, parts)


def tenure() -> str:
    """The same person with and without a time of creation that a backend sent."""
    seen, now, wait = 250, 310, 140
    parts = [
        text(36, 18, "signed up", "soft"),
        line(40, 26, 40, 176, "dash"),
        text(seen, 18, "first seen", "soft end"),
        line(seen - 4, 26, seen - 4, 176, "dash"),
        text(now + 6, 18, "now", "b"),
    ]
    for y, start, told, free in ((48, seen - 4, "without createdAt", False), (118, 40, "with createdAt", True)):
        parts += [
            box(start, y + 14, wait, 34, "range"),
            text(start + wait / 2, y + 36, "14 days", "mid soft"),
            text(44, y + 4, told, "b"),
            verdict(now + 100, y + 31, free=free),
        ]
    parts.append(line(now, 8, now, 184, "now"))
    return picture(190, parts)


def sample() -> str:
    """A hundred people, placed by the product's own hash."""
    people = [f"p-{number}" for number in range(1, 101)]
    held = {who for who in people if share_of("holdout", who) < 0.05}
    chosen = {who for who in people if share_of("sample", "lesson-nps", who) < 0.25}
    parts = []
    for index, who in enumerate(people):
        x, y = 16 + 22 * (index % 10), 16 + 22 * (index // 10)
        kind = "hold" if who in held else "ask" if who in chosen else "not"
        parts.append(dot(x, y, kind, 7))
    legend = (
        ("ask", "may be asked", f"{len(chosen - held)} of 100"),
        ("not", "not in the sample", f"{len(set(people) - chosen - held)} of 100"),
        ("hold", "holdout: never asked", f"{len(held)} of 100"),
    )
    for row, (kind, told, many) in enumerate(legend):
        y = 46 + row * 62
        parts += [dot(256, y, kind, 7), text(274, y + 5, told, "b"), text(274, y + 24, many, "soft")]
    return picture(232, parts)


def candidate() -> str:
    """A closed ticket: held, waiting, over; and one that is opened again."""
    parts = []
    for y, reopened in ((34, False), (146, True)):
        end = 230 if reopened else 400
        parts += [
            dot(20, y + 17, "ask"),
            box(32, y, 70, 34, "wait"),
            text(67, y + 22, "hold", "mid soft"),
            box(104, y, end - 104, 34, "range"),
            text(112, y + 22, "may be asked", "soft"),
        ]
        parts.append(text(10, y - 12, "Ticket Closed", "b"))
        if reopened:
            parts += [line(230, y - 6, 230, y + 40, "now"), text(240, y + 15, "Ticket Reopened", "b")]
            parts += [text(240, y + 33, "not asked any more", "soft"), verdict(420, y + 17, free=False)]
        else:
            parts += [line(400, y - 6, 400, y + 40, "now"), text(400, y - 12, "within is over", "end soft")]
    parts += [text(67, 86, "2 h", "mid soft"), text(252, 86, "3 d", "mid soft")]
    return picture(200, parts)


PICTURES = {one.__name__: one for one in (window, rules, dismissed, tenure, sample, candidate)}


def main() -> None:
    """Write every picture."""
    IMAGES.mkdir(exist_ok=True)
    for name, draw in PICTURES.items():
        (IMAGES / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
