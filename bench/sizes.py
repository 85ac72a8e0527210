"""What a page has to load: the loader as served to it and the card, in brotli."""

from __future__ import annotations

import brotli

from bench.report import Line
from bench.world import World, get
from tactful.web.files import load_widget

KB = 1_000


def _line(what: str, packed: int, plain: int, budget_kb: float) -> Line:
    return Line(
        what,
        f"{packed / KB:.3f} kB",
        f"{plain / KB:.3f} kB plain",
        f"{packed / plain:.2f}",
        f"<= {budget_kb:.1f} kB",
        packed <= budget_kb * KB,
    )


def measure(world: World) -> list[Line]:
    """Fetch both as a browser does."""
    base = f"http://127.0.0.1:{world.ours.port}/w"
    sizes = []
    for name in (f"{world.public_key}.js", load_widget().card.name):
        packed = get(f"{base}/{name}", **{"Accept-Encoding": "br"})
        sizes.append((len(packed), len(brotli.decompress(packed))))
    return [_line("loader as served, 5 watched events", *sizes[0], 2.0), _line("card", *sizes[1], 6.0)]
