from __future__ import annotations

import re
from pathlib import Path

import pytest

import demo_site
from demo_site.courses import LANGUAGES, Course, load_courses, load_words
from demo_site.occasions import read_occasions
from tactful.definitions import load

HERE = Path(demo_site.__file__).parent
SURVEYS = HERE / "surveys.yaml"
SAID = re.compile(r"""\b(?:t|say\(request\))\(\s*(?:'([^']*)'|"([^"]*)")(?: if [^,]*? else (?:'([^']*)'|"([^"]*)"))?""")


def skeleton(course: Course) -> object:
    """What a translation must leave as it is."""
    lessons = [(one.key, one.minutes, [block.figure for block in one.body]) for one in course.lessons]
    return course.key, len(course.outcomes), lessons, [(one.right, len(one.options)) for one in course.quiz]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_teaches_the_same(language: str) -> None:
    translated = [skeleton(course) for course in load_courses(language).values()]
    assert translated == [skeleton(course) for course in load_courses("en").values()]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_exists_and_is_told_to_those_who_do_not_see_it(language: str) -> None:
    figures = [
        block
        for course in load_courses(language).values()
        for lesson in course.lessons
        for block in lesson.body
        if block.figure
    ]
    assert figures
    for block in figures:
        assert (HERE / "static" / "img" / str(block.figure)).is_file()
        assert block.alt
        assert block.caption


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_has_its_right_answer_among_the_options(language: str) -> None:
    for course in load_courses(language).values():
        assert all(0 <= question.right < len(question.options) for question in course.quiz)


def test_every_word_of_lantern_is_translated_and_no_translation_is_left_over() -> None:
    sources = [*(HERE / "templates").glob("*.html"), HERE / "pages.py", HERE / "stage.py", HERE / "help.py"]
    said = {
        text
        for path in sources
        for match in SAID.finditer(path.read_text(encoding="utf-8"))
        for text in match.groups()
        if text
    }
    said |= {"Have another look at the lessons, then try again."}  # named before it is said
    said -= {"{n} lessons"}  # the example in a docstring
    assert said == load_words("zh").keys()


def test_a_translation_fills_in_the_same_values() -> None:
    slots = re.compile(r"\{(\w+)\}")
    for text, translated in load_words("zh").items():
        allowed = set(slots.findall(text)) | ({"number"} if "{month}" in text else set())
        assert set(slots.findall(translated)) <= allowed, text


def test_tactful_reads_the_surveys_without_a_fault_or_a_warning() -> None:
    loaded = load(SURVEYS.read_bytes(), SURVEYS.name)
    assert [str(warning) for warning in loaded.warnings] == []
    assert {survey.key for survey in loaded.definitions.surveys} == {
        "lesson-nps",
        "quiz-ces",
        "course-csat",
        "feedback",
        "desk-csat",
    }
    assert all(survey.state == "live" for survey in loaded.definitions.surveys)


def test_the_windows_are_short_enough_to_watch() -> None:
    policy = load(SURVEYS.read_bytes(), SURVEYS.name).definitions.policy
    assert policy is not None
    assert max(rule.window_ms for rule in policy.rules) <= 10 * 60_000
    assert policy.tenure_ms == 0


def test_every_text_of_the_surveys_is_there_in_both_languages() -> None:
    for survey in load(SURVEYS.read_bytes(), SURVEYS.name).definitions.surveys:
        texts = [text for one in survey.questions for text in (one.ask, one.low, one.high, one.placeholder) if text]
        texts += [text for said in survey.thanks.values() for text in (said.title, said.text) if text]
        for text in texts:
            assert all(languages.keys() == set(LANGUAGES) for languages in text.by.values()), survey.key


def test_the_panel_knows_what_brings_each_survey_up() -> None:
    occasions = read_occasions(SURVEYS)
    assert occasions["lesson-nps"].events == ("Lesson Finished",)
    assert occasions["lesson-nps"].when == "On every 2nd “Lesson Finished”, after 1\u00a0s"
    assert occasions["feedback"].events == ()
