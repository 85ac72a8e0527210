from __future__ import annotations

from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from demo_site.app import create_app
from demo_site.progress import ProgressBook, Standing
from demo_site.settings import Settings
from tests.demo_site.conftest import become

JSON = {"accept": "application/json"}
PAGES = [
    "/",
    "/course/night-sky",
    "/course/night-sky/lesson/finding-north",
    "/course/memory/quiz",
    "/course/memory/certificate",
    "/no-such-page",
]
RIGHT = {"q0": "1", "q1": "1", "q2": "1", "q3": "2"}


class Page(HTMLParser):
    """What a strict content security policy would block, and the widget's own tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.widget: dict[str, str | None] = {}
        self.tracked: list[dict[str, str | None]] = []
        self._script = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.inline += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        self.inline += [f"<{tag}>" for _ in (1,) if tag == "style"]
        self._script = tag == "script"
        if tag == "script" and "/w/" in (given.get("src") or ""):
            self.widget = given
        if "data-tactful-track" in given:
            self.tracked.append(given)

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._script = False


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("person", ["visitor", "maya-okafor", "lin-xiaoyu", "new"])
def test_every_page_keeps_the_strictest_policy(browser: TestClient, path: str, person: str) -> None:
    become(browser, person)
    answer = browser.get(path)
    assert answer.status_code == (404 if path == "/no-such-page" else 200)
    assert answer.headers["content-security-policy"].split("; ") == [
        "default-src 'self'",
        "script-src 'self' http://surveys.test:8000",
        "connect-src 'self' http://surveys.test:8000",
        "require-trusted-types-for 'script'",
        "trusted-types tactful",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert Page(answer.text).inline == []


def test_the_widget_is_told_who_is_logged_in_and_nothing_about_a_visitor(browser: TestClient) -> None:
    assert not any(name.startswith("data-") for name in Page(browser.get("/").text).widget)
    become(browser, "maya-okafor")
    widget = Page(browser.get("/").text).widget
    assert widget["src"] == "http://surveys.test:8000/w/pk_1.js"
    assert widget["data-user-id"] == "maya-okafor"
    assert len(widget["data-user-hash"] or "") == 64
    assert '"plan":"schools"' in (widget["data-traits"] or "")


def test_no_secret_is_on_any_page(browser: TestClient, settings: Settings) -> None:
    become(browser, "maya-okafor")
    for path in PAGES:
        html = browser.get(path).text
        assert not any(key in html for key in (settings.write_key, settings.api_token, settings.identity_secret))


def test_a_page_is_in_the_language_of_its_reader(browser: TestClient) -> None:
    become(browser, "lin-xiaoyu")
    html = browser.get("/course/night-sky/lesson/finding-north").text
    assert '<html lang="zh">' in html
    assert "半分钟找到北方" in html
    assert "完成本课" in html


def test_finishing_a_lesson_works_without_scripts(browser: TestClient) -> None:
    path = "/course/night-sky/lesson/dark-eyes"
    assert 'data-state="open"' in browser.get(path).text
    answer = browser.post(f"{path}/finish", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    html = browser.get(path).text
    assert 'data-state="finished"' in html
    assert "1 of 5 lessons" in html


def test_a_script_is_told_how_far_one_has_come_and_finishing_twice_counts_once(browser: TestClient) -> None:
    for _ in range(2):
        told = browser.post("/course/night-sky/lesson/dark-eyes/finish", headers=JSON).json()
        assert (told["done"], told["progress"]) == (1, "1 of 5 lessons")


def test_the_button_that_finishes_a_lesson_says_the_event(browser: TestClient) -> None:
    tracked = Page(browser.get("/course/night-sky/lesson/dark-eyes").text).tracked
    assert [one["data-tactful-track"] for one in tracked] == ["Lesson Finished"]
    assert tracked[0]["data-tactful-properties"] == (
        '{"course": "night-sky", "lesson": "dark-eyes", "title": "Give your eyes twenty minutes"}'
    )


def test_everybody_has_their_own_progress(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    browser.post("/course/memory/lesson/recall/finish")
    become(browser, "tom-berger")
    assert "0 of 4 lessons" in browser.get("/course/memory").text
    become(browser, "maya-okafor")
    assert "1 of 4 lessons" in browser.get("/course/memory").text


def test_a_quiz_is_marked_with_and_without_scripts(browser: TestClient) -> None:
    told = browser.post("/course/memory/quiz", data=RIGHT | {"q2": "0"}, headers=JSON).json()
    assert [mark["right"] for mark in told["marks"]] == [True, True, False, True]
    assert (told["score"], told["questions"], told["passed"]) == (3, 4, True)
    html = browser.post("/course/memory/quiz", data={"q0": "1"}).text
    assert html.count('data-mark="right"') == 1
    assert "Have another look" in html


def test_a_certificate_needs_a_quiz_that_was_passed(browser: TestClient) -> None:
    path = "/course/memory/certificate"
    assert browser.post(path).status_code == 409
    assert "Almost there" in browser.get(path).text
    browser.post("/course/memory/quiz", data=RIGHT)
    assert [one["data-tactful-track"] for one in Page(browser.get(path).text).tracked] == ["Course Finished"]
    browser.post(path)
    assert 'data-state="finished"' in browser.get(path).text


def test_starting_over_makes_somebody_nobody_has_met(browser: TestClient) -> None:
    keys = set()
    for _ in range(3):
        become(browser, "new")
        keys.add(Page(browser.get("/").text).widget["data-user-id"])
    assert len(keys) == 3


def test_the_cookie_is_for_lantern_alone(browser: TestClient) -> None:
    cookie = browser.get("/").headers["set-cookie"].lower()
    assert cookie.startswith("lantern_who=visitor-")
    assert "samesite=lax" in cookie
    assert "httponly" in cookie


@pytest.mark.parametrize("person", ["", "admin", "<script>", "learner-x"])
def test_one_cannot_become_whom_lantern_does_not_know(browser: TestClient, person: str) -> None:
    assert browser.post("/become", data={"person": person}).status_code == 400


@pytest.mark.parametrize("back", ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)", ""])
def test_changing_identity_never_leads_to_another_site(browser: TestClient, back: str) -> None:
    answer = browser.post("/become", data={"person": "new", "back": back}, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_another_site_cannot_send_lanterns_forms(browser: TestClient) -> None:
    for path in ("/become", "/course/memory/quiz", "/course/memory/lesson/recall/finish"):
        assert browser.post(path, data={"person": "new"}, headers={"origin": "https://evil.test"}).status_code == 403


@pytest.mark.parametrize(
    "path", ["/course/none", "/course/memory/lesson/none", "/course/none/quiz", "/static/none.css"]
)
def test_what_does_not_exist_is_not_found(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "It is dark here." in answer.text


def test_the_people_seen_least_recently_are_forgotten_first(settings: Settings) -> None:
    courses = create_app(settings).state.stage.courses["en"]
    book = ProgressBook(most=2)
    for person in ("ann", "ben", "ann", "cem"):
        book.keep(person, Standing(courses["memory"], {"recall"}))
    assert [book.standing(person, courses["memory"]).done for person in ("ann", "ben", "cem")] == [1, 0, 1]
