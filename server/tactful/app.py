"""The application: one process, one database, put together from explicit parts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware

from tactful.clock import Clock, share
from tactful.errors import TactfulError
from tactful.settings import Settings
from tactful.store.forgetting import FORGET_AT_ONCE, forget_old
from tactful.store.identity import forget_identity_counts
from tactful.store.journal import forget_journal
from tactful.store.members import forget_sessions
from tactful.store.opening import ServedDatabase, open_database
from tactful.tokens import Tokens
from tactful.web.cors import IngestCors, WidgetCors
from tactful.web.files import load_widget
from tactful.web.journal import WRITE_EVERY_S
from tactful.web.live import Hub
from tactful.web.posts import PagePosts
from tactful.web.problems import HANDLERS
from tactful.web.routes import INGEST_PATHS, ROUTES
from tactful.web.same_origin import SameOrigin
from tactful.web.service import Configs, Service

__all__ = ["create_app", "open_service"]

_log = logging.getLogger("tactful.app")

#: Other processes' commits are noticed this often; half of what the pages promise.
NOTICE_EVERY_S = 1.0
FORGET_EVERY_S = 3_600.0


@contextlib.asynccontextmanager
async def open_service(settings: Settings, clock: Clock) -> AsyncIterator[Service]:
    """Open the database, brought up to date, and close it in the end. Raises `CannotStart` and `Busy`."""
    async with open_database(settings.database_url, clock, allow_async_commit=settings.allow_async_commit) as db:
        yield Service(settings, clock, db, Tokens(settings.secret_keys, clock), Configs(db), Hub())


async def _notice_changes(service: Service, db: ServedDatabase) -> None:
    changed = False
    while True:
        await asyncio.sleep(NOTICE_EVERY_S)
        if not db.in_place():
            _log.critical("The database file was removed or replaced while it was served: stopping, nothing is kept.")
            signal.raise_signal(signal.SIGTERM)
            return
        service.tidy()
        await _look_at_clock(service)
        try:
            # Remembered until it is dealt with: the database tells of each change once.
            changed = await db.changed_by_others() or changed
            if changed:
                await service.notice_erasures()
                moved = await service.configs.refresh()
                # Other nodes tell by themselves what else they did; commands beside a single one cannot.
                if moved or not service.nodes:
                    service.updates.tell_all("change")
                changed = False
        except TactfulError:
            pass  # the database is held for a moment: ask again next time
        except Exception:  # noqa: BLE001 -- see below
            # Whatever it is, whoever stops looking serves old configurations for ever, and says nothing.
            _log.exception("Could not look for changes of other processes; trying again.")


async def _look_at_clock(service: Service) -> None:
    try:
        await service.look_at_clock()
    except TactfulError:
        pass  # the database is busy or full: the clock is looked at again in a moment
    except Exception:  # noqa: BLE001 -- whoever stops looking asks on by a clock that jumped
        _log.exception("Could not look at the clock; trying again.")


async def _forget(service: Service) -> None:
    # Nodes that were started together need not all begin at once; what one has forgotten the next does not find.
    await asyncio.sleep(FORGET_EVERY_S * (1 + share()) / 2)
    while True:
        try:
            while await service.db.run(forget_old) >= FORGET_AT_ONCE:
                pass  # every chunk is a turn of the writer's queue, so others get theirs in between
            while await service.db.run(forget_journal):
                pass
            while await service.db.run(forget_identity_counts):
                pass
            await service.db.run(forget_sessions)
        except TactfulError:
            pass  # the database is held or away: there is another hour
        except Exception:  # noqa: BLE001 -- as above
            _log.exception("Could not forget what is past its time; trying again in an hour.")
        await asyncio.sleep(FORGET_EVERY_S)


async def _write_behind(service: Service, ending: asyncio.Event) -> None:
    """Write what was noted every few seconds, and once more when the service ends."""
    ended = False
    while not ended:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WRITE_EVERY_S):
                await ending.wait()
        ended = ending.is_set()
        try:
            await service.journal.write(service.db)
            await service.receipts.write(service.db)
            await service.proofs.write(service.db)
        except Exception:  # noqa: BLE001 -- whoever stops here notes until memory is full, and writes nothing
            _log.exception("Could not write what was noted; going on with what comes.")


def create_app(settings: Settings, clock: Clock) -> Starlette:
    """Make the application. The database is opened when it starts and closed when it ends."""
    widget = load_widget()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_service(settings, clock) as service:
            service.live_client = widget.live.pin(settings.base_url)
            service.tellings.more = widget.more.pin(settings.base_url)
            app.state.service = service
            await _look_at_clock(service)
            with contextlib.suppress(TactfulError):  # the next look then forgets what was in memory for nothing
                await service.notice_erasures()
            tasks = [
                asyncio.create_task(_notice_changes(service, service.db)),
                asyncio.create_task(_forget(service)),
                asyncio.create_task(service.hub.beat()),
            ]
            ending = asyncio.Event()
            writing = asyncio.create_task(_write_behind(service, ending))
            try:
                yield
            finally:
                service.nodes.close()
                service.hub.close()
                await service.backtests.close()
                service.updates.close()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                ending.set()
                await writing

    middleware = [
        Middleware(WidgetCors),
        Middleware(IngestCors, INGEST_PATHS),
        Middleware(SameOrigin, settings.base_url),
    ]
    app = Starlette(routes=ROUTES, middleware=middleware, exception_handlers=HANDLERS, lifespan=lifespan)
    app.middleware_stack = PagePosts(app.build_middleware_stack(), ROUTES, HANDLERS[Exception])
    app.state.widget = widget
    return app
