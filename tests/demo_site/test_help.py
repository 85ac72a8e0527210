"""The help desk without scripts: a learner's pages, an agent's, and who may see what."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from demo_site.backend import Note
from tests.demo_site.conftest import become
from tests.demo_site.test_pages import JSON, Page

TICKET = {"subject": "My  map is blank", "text": "Nothing shows."}


def sit_down(browser: TestClient, agent: str = "nadia-brandt") -> None:
    """Be an agent in this browser from here on."""
    answer = browser.post("/desk/agent", data={"agent": agent}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def said(browser: TestClient, key: str = "maya-okafor") -> list[tuple[str, dict[str, Any]]]:
    """What the backend tracked about somebody."""
    notes: list[Note] = browser.app.state.stage.backend.notes_for(key, 0)  # type: ignore[attr-defined]  # an ASGI app
    return [(note.name, note.values) for note in notes if note.type == "track"]


def open_ticket(browser: TestClient, **fields: str) -> str:
    answer = browser.post("/help", data=TICKET | fields, follow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["location"].rpartition("/")[2]


@pytest.mark.parametrize("path", ["/help", "/help/1038", "/desk", "/desk?status=closed", "/desk/1038"])
def test_the_help_desks_pages_keep_the_strictest_policy(browser: TestClient, path: str) -> None:
    become(browser, "maya-okafor")
    sit_down(browser)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert "require-trusted-types-for 'script'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert Page(answer.text).inline == []
    keys = browser.app.state.stage.settings  # type: ignore[attr-defined]  # an ASGI app
    assert not any(key in answer.text for key in (keys.write_key, keys.api_token, keys.identity_secret))


def test_the_desk_carries_no_widget_and_a_learners_help_does(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    sit_down(browser)
    assert Page(browser.get("/desk/1038").text).widget == {}
    assert Page(browser.get("/help/1038").text).widget["data-user-id"] == "maya-okafor"


def test_a_ticket_is_opened_answered_closed_and_reopened_by_a_reply(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    sit_down(browser)
    number = open_ticket(browser)
    assert "With us" in browser.get(f"/help/{number}").text
    answer = browser.post(
        f"/desk/{number}/answer", data={"text": "Reload it.", "then": "close"}, follow_redirects=False
    )
    assert answer.headers["location"] == f"/desk/{number}"
    html = browser.get(f"/help/{number}").text
    assert "Reload it." in html
    assert "Nadia Brandt closed this ticket just now." in html
    browser.post(f"/help/{number}/reply", data={"text": "Still blank."})
    assert "With us" in browser.get(f"/help/{number}").text
    ticket = {"ticket": f"L-{number}"}
    closed = {"subject": "My map is blank", "agent": "Nadia Brandt", "minutes_open": 0}
    assert said(browser) == [
        ("Ticket Opened", ticket | {"subject": "My map is blank"}),
        ("Ticket Closed", ticket | closed),
        ("Ticket Reopened", ticket),
    ]


def test_closing_or_reopening_twice_says_one_event(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    sit_down(browser)
    number = open_ticket(browser)
    for path in ("close", "close", "reopen", "reopen"):
        assert browser.post(f"/desk/{number}/{path}", headers=JSON).status_code == 200
    assert [name for name, _ in said(browser)] == ["Ticket Opened", "Ticket Closed", "Ticket Reopened"]
    assert [name for name, _ in said(browser, "nadia-brandt")] == ["Ticket Closed", "Ticket Reopened"]


def test_who_somebody_is_and_belongs_to_is_said_once(browser: TestClient) -> None:
    for person in ("maya-okafor", "ines-duarte", "maya-okafor"):
        become(browser, person)
        browser.get("/help")
    notes: list[Note] = browser.app.state.stage.backend.notes_for("maya-okafor", 0)  # type: ignore[attr-defined]  # an ASGI app
    assert [(note.type, note.name) for note in notes] == [
        ("identify", "who is logged in"),
        ("group", "Fernside School"),
    ]
    assert notes[0].values["role"] == "employee"
    assert notes[0].values["created_at"] == "2026-03-02"


def test_a_ticket_is_seen_by_its_writer_and_at_the_desk_alone(browser: TestClient) -> None:
    become(browser, "tom-berger")
    assert browser.get("/help/1038").status_code == 404, "it is Maya's"
    assert browser.post("/help/1038/reply", data={"text": "Mine!"}).status_code == 404
    assert "Who is at the desk?" in browser.get("/desk/1038").text
    for path in ("answer", "close", "reopen"):
        assert browser.post(f"/desk/1038/{path}").status_code == 403
    assert browser.get("/desk/1038/why").status_code == 404
    assert browser.get("/desk/said").json() == {"said": []}


def test_a_ticket_needs_a_subject_and_a_question_and_somebody_who_asks(browser: TestClient) -> None:
    assert browser.post("/help", data=TICKET).status_code == 403, "a visitor could not be answered"
    assert "Log in to write to us" in browser.get("/help").text
    become(browser, "maya-okafor")
    answer = browser.post("/help", data={"subject": " ", "text": "What I typed"})
    assert answer.status_code == 422
    assert "What I typed" in answer.text
    number = open_ticket(browser, subject="s" * 500, text="<b>t</b>" * 500)
    html = browser.get(f"/help/{number}").text
    assert "s" * 91 not in html
    assert "<b>t" not in html


def test_the_queue_is_by_status_and_the_newest_word_counts(browser: TestClient) -> None:
    sit_down(browser, "owen-price")
    assert "Quiz counted a right answer as wrong" in browser.get("/desk").text
    browser.post("/desk/1041/answer", data={"text": "I will look."})
    assert "Quiz counted a right answer as wrong" not in browser.get("/desk").text
    assert "Quiz counted a right answer as wrong" in browser.get("/desk?status=answered").text
    assert browser.get("/desk?status=nonsense").status_code == 200


@pytest.mark.parametrize("path", ["/desk/9", "/desk/99999999999999999999", "/desk/x", "/help/9"])
def test_a_ticket_that_is_not_there_is_not_found(browser: TestClient, path: str) -> None:
    sit_down(browser)
    assert browser.get(path).status_code == 404


def test_open_windows_are_told_that_something_changed(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    sit_down(browser)
    before = [browser.get(f"/{side}/revision").json()["revision"] for side in ("help", "desk")]
    browser.post("/desk/1038/reopen")
    after = [browser.get(f"/{side}/revision").json()["revision"] for side in ("help", "desk")]
    assert all(now > then for now, then in zip(after, before, strict=True))
    assert f'data-revision="{after[0]}"' in browser.get("/help/1038").text
    assert f'data-revision="{after[1]}"' in browser.get("/desk/1038").text


@pytest.mark.parametrize("back", ["https://evil.test/", "/desk/../become", "/desk/1x", "//evil.test", "/help"])
def test_signing_in_at_the_desk_leads_nowhere_else(browser: TestClient, back: str) -> None:
    answer = browser.post("/desk/agent", data={"agent": "owen-price", "back": back}, follow_redirects=False)
    assert answer.headers["location"] == "/desk"
    assert "path=/desk" in answer.headers["set-cookie"].lower()


def test_only_agents_sit_at_the_desk_and_no_other_site_sends_its_forms(browser: TestClient) -> None:
    assert browser.post("/desk/agent", data={"agent": "maya-okafor"}).status_code == 400
    sit_down(browser)
    elsewhere = {"origin": "https://evil.test"}
    for path in ("/desk/agent", "/desk/1038/answer", "/desk/1038/close", "/desk/1038/reopen", "/help"):
        assert browser.post(path, data={"agent": "owen-price"}, headers=elsewhere).status_code == 403


def test_the_panel_is_told_what_is_new(browser: TestClient) -> None:
    become(browser, "maya-okafor")
    open_ticket(browser)
    notes = browser.get("/panel/said").json()["said"]
    assert [note["name"] for note in notes][-1] == "Ticket Opened"
    assert browser.get(f"/panel/said?after={notes[-1]['number']}").json() == {"said": []}
    assert browser.get("/panel/said?after=x").json()["said"] == notes


def test_a_chinese_reader_is_helped_in_chinese(browser: TestClient) -> None:
    become(browser, "lin-xiaoyu")
    html = browser.get("/help").text
    assert "我的工单" in html
    assert "Your tickets" not in html
    assert "处理中" in browser.get("/help/1040").text
    sit_down(browser)
    assert "Waiting" in browser.get("/desk").text, "the desk speaks English whoever else uses the browser"
