"""What a running service holds in memory: every text that can be reached from it."""

from __future__ import annotations

import asyncio
import functools
import gc
import sys
import types
from collections.abc import Iterator

from tactful.web.service import Service

__all__ = ["texts_held"]

#: Code and whoever runs it. What a function holds by its closure and what a task is at is gone when they end.
_NOT_LOOKED_INTO = (
    type,
    types.BuiltinFunctionType,
    types.CodeType,
    types.CoroutineType,
    types.FrameType,
    types.FunctionType,
    types.ModuleType,
    asyncio.AbstractEventLoop,
    asyncio.Future,
)


def texts_held(service: Service) -> Iterator[str]:
    """Every text in the service's own objects and in the caches of the product's functions, at any depth."""
    waiting: list[object] = [service, *_caches()]
    seen = {id(one) for one in waiting}
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, bytes | bytearray):
            yield found.decode("utf-8", "replace")
        else:
            for one in gc.get_referents(found):
                if id(one) not in seen and not isinstance(one, _NOT_LOOKED_INTO) and not _is_driver(one):
                    seen.add(id(one))
                    waiting.append(one)


def _is_driver(one: object) -> bool:
    """A driver's own: it holds the message that was sent last, whatever that was, until the next."""
    return type(one).__module__.partition(".")[0] == "asyncpg"


def _caches() -> Iterator[object]:
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "tactful":
            yield from (one for one in vars(module).values() if isinstance(one, functools._lru_cache_wrapper))
