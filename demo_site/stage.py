"""What every request of Lantern shares, and how a request becomes a page: who is there, and what they see of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.templating import Jinja2Templates

from demo_site.backend import Backend
from demo_site.courses import LANGUAGES, Course, load_courses, load_words
from demo_site.occasions import Occasion, read_occasions
from demo_site.people import ACCOUNTS, AGENTS, CAST, Person, initials, new_visitor, person_of, sign
from demo_site.progress import ProgressBook
from demo_site.settings import Settings
from demo_site.tickets import TicketBook, now_ms

__all__ = [
    "HERE",
    "Stage",
    "course_of",
    "draw",
    "form_of",
    "go",
    "page",
    "remember",
    "say",
    "stage_of",
    "wants_json",
    "who",
]

HERE: Final = Path(__file__).parent
_COOKIE: Final = "lantern_who"
_COOKIE_S: Final = 30 * 24 * 3600


@dataclass(slots=True, frozen=True)
class Stage:
    """The state of a running Lantern. `courses` and `words` are by language; `tactful` is a client of the management
    API, with the token in it; `backend` posts events with the write key.
    """

    settings: Settings
    courses: Mapping[str, Mapping[str, Course]]
    words: Mapping[str, Mapping[str, str]]
    progress: ProgressBook
    tickets: TicketBook
    backend: Backend
    occasions: Mapping[str, Occasion]
    templates: Jinja2Templates
    tactful: httpx2.AsyncClient

    @classmethod
    def set_up(
        cls, settings: Settings, transport: httpx2.AsyncBaseTransport | None = None, *, posting: bool = True
    ) -> Stage:
        """Read the courses and the surveys, and prepare the clients; nothing is sent yet."""
        client = httpx2.AsyncClient(
            base_url=settings.tactful_url,
            headers={"authorization": f"Bearer {settings.api_token}"},
            timeout=httpx2.Timeout(4.0),
            transport=transport,
        )
        return cls(
            settings=settings,
            courses={language: load_courses(language) for language in LANGUAGES},
            words={language: load_words(language) for language in LANGUAGES},
            progress=ProgressBook(),
            tickets=TicketBook.with_old_tickets(),
            backend=Backend(settings, sending=posting),
            occasions=read_occasions(HERE / "surveys.yaml"),
            templates=Jinja2Templates(HERE / "templates"),
            tactful=client,
        )


def stage_of(request: Request) -> Stage:
    """Return the running Lantern that a request came to."""
    stage: Stage = request.app.state.stage
    return stage


def who(request: Request) -> Person:
    """Say who is there; the first time, make a visitor, whom `remember` then keeps in the cookie."""
    if not hasattr(request.state, "person"):
        request.state.person = person_of(request.cookies.get(_COOKIE)) or new_visitor()
    person: Person = request.state.person
    return person


def course_of(request: Request) -> Course:
    """Find the course that the address names, or answer that there is none."""
    course = stage_of(request).courses[who(request).locale].get(request.path_params["course"])
    if course is None:
        raise HTTPException(404)
    return course


def say(request: Request) -> Callable[..., str]:
    """Return what says Lantern's words in the language of whoever is there: `say(request)("{n} lessons", n=3)`."""
    words = stage_of(request).words[who(request).locale]
    return lambda text, **values: words.get(text, text).format(**values)


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Draw a page for whoever is there, and remember them."""
    return remember(draw(request, template, status, **context), who(request))


def draw(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Draw a page for whoever is there."""
    stage, person = stage_of(request), who(request)
    stage.backend.meets(person)
    shared = {
        "settings": stage.settings,
        "me": person,
        "accounts": [(one, [person for person in CAST.values() if person.account is one]) for one in ACCOUNTS.values()],
        "agents": AGENTS,
        "initials": initials,
        "user_hash": sign(person, stage.settings.identity_secret),
        "traits": orjson.dumps(person.traits).decode(),
        "courses": [(one, stage.progress.standing(person.key, one)) for one in stage.courses[person.locale].values()],
        "t": say(request),
        "ago": _ago(request),
        "path": request.url.path,
    }
    return stage.templates.TemplateResponse(request, template, {**shared, **context}, status_code=status)


def _ago(request: Request) -> Callable[[int], str]:
    """Return what says how long ago an instant was, in the largest unit that fits."""
    now = now_ms()

    def told(at: int) -> str:
        minutes = (now - at) // 60_000
        if minutes < 1:
            return say(request)("just now")
        if minutes < 60:
            return say(request)("{n} min ago", n=minutes)
        if minutes < 1_440:
            return say(request)("{n} h ago", n=minutes // 60)
        return say(request)("yesterday") if minutes < 2_880 else say(request)("{n} days ago", n=minutes // 1_440)

    return told


def remember(response: Response, person: Person) -> Response:
    """Keep in Lantern's own cookie who is there. Its content is public: it opens nothing."""
    response.set_cookie(_COOKIE, person.key, max_age=_COOKIE_S, path="/", httponly=True, samesite="lax")
    return response


def go(request: Request, path: str, *, told: Mapping[str, Any]) -> Response:
    """After a form: tell a script what changed, or take a browser without scripts to `path`."""
    response = JSONResponse(told) if wants_json(request) else RedirectResponse(path, 303)
    return remember(response, who(request))


def wants_json(request: Request) -> bool:
    """Whether one of Lantern's scripts is asking, not the browser itself."""
    return "application/json" in request.headers.get("accept", "")


async def form_of(request: Request) -> dict[str, str]:
    """Read a form of Lantern's own; one sent from another site is refused."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403)
    body = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(body, max_num_fields=50).items()}
