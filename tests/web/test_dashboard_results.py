"""One survey's results: what the page says is what was counted, filters count what they name, and words stay words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tactful.core import intervals
from tactful.core.spans import DAY_MS, HOUR_MS
from tests.support.answers import Written
from tests.support.clock import SetClock
from tests.support.members import log_in
from tests.support.pages import HOSTILE, Shown, show
from tests.support.service import Site, a_site, a_survey

pytestmark = pytest.mark.anyio

CSAT = [{"id": "score", "kind": "csat", "ask": "How was it?"}]
CES = [{"id": "score", "kind": "ces", "ask": "How easy was it?"}]
TEXT = [{"id": "wow", "kind": "text", "ask": "What made you say wow?"}]

#: 95 promoters, 40 passives, 26 detractors.
MIXED = [10] * 58 + [9] * 37 + [8] * 24 + [7] * 16 + [6] * 9 + [5] * 7 + [4] * 2 + [3] * 3 + [1] + [0] * 4


@pytest.fixture
async def desk(path: Path, clock: SetClock) -> AsyncIterator[Site]:
    """A viewer of a project with one survey of each kind."""
    surveys = (
        a_survey(name="After a lesson"),
        a_survey("csat", questions=CSAT),
        a_survey("ces", questions=CES, state="paused"),
        a_survey("wow", questions=TEXT),
        a_survey("draft", state="draft"),
    )
    async with a_site(path, clock, surveys=surveys) as site:
        await log_in(site.client, site.service, "viewer")
        yield site


def written(site: Site, kind: str = "nps", **traits: object) -> Written:
    return Written(site.path, site.project.project_id, kind, kind, traits)


async def results(site: Site, query: str = "", survey: str = "nps") -> Shown:
    return await show(site, f"surveys/{survey}{query}")


class TestScore:
    async def test_the_score_comes_with_its_interval_n_and_response_rate(self, desk: Site) -> None:
        now = desk.clock.now
        written(desk).say(now - DAY_MS, MIXED)
        written(desk).ask(now - DAY_MS, 161)
        text = (await results(desk)).text
        assert "Net Promoter Score +43" in text
        assert "likely between +30 and +54, from 161 answers. 50% of asks were answered." in text
        assert "Small sample" not in text

    async def test_the_interval_is_drawn_where_it_is(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, MIXED)
        shown = await results(desk)
        interval = intervals.nps(95, 40, 26)
        [drawn] = shown.all("rect", **{"class": "range"})
        assert float(str(drawn["x"]).rstrip("%")) == pytest.approx((interval.low + 100) / 2, abs=0.01)
        assert float(str(drawn["width"]).rstrip("%")) == pytest.approx((interval.high - interval.low) / 2, abs=0.01)
        [picture] = shown.all("svg", role="img")
        assert picture["aria-label"] == "+43, with an interval of +30 to +54, on a scale of −100 to +100"

    async def test_csat_is_a_share_and_ces_an_average_each_with_the_other_beside_it(self, desk: Site) -> None:
        written(desk, "csat").say(desk.clock.now, [5] * 7 + [4] * 3 + [3] * 2 + [1])
        written(desk, "ces").say(desk.clock.now, [7] * 30 + [6] * 20 + [5] * 9 + [4] * 5 + [3] * 2 + [2] + [1] * 3)
        csat, ces = (await results(desk, survey="csat")).text, (await results(desk, survey="ces")).text
        assert "Satisfied 77% Share who answered 4–5 on a scale of 1 to 5" in csat
        assert "Small sample." in csat
        assert "Average answer: 4.2 (3.4 to 4.9). On a scale of 1 to 5." in csat
        assert "Average answer 5.8 On a scale of 1 to 7" in ces
        assert "Easy: 84% (74% to 91%)." in ces

    async def test_too_few_answers_show_counts_and_no_percentages(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, [10, 10, 6])
        shown = await results(desk)
        assert "3 answers Too few answers for a score." in shown.text
        assert "%" not in shown.text.replace("95%", "")
        assert not shown.all("rect", **{"class": "range"})

    async def test_a_survey_without_a_score_counts_responses(self, desk: Site) -> None:
        words = Written(desk.path, desk.project.project_id, "text", "wow")
        words.say(desk.clock.now, [None, None], comment="The stars.")
        shown = await results(desk, survey="wow")
        assert "Responses 2 This survey asks for words, not for a score" in shown.text
        assert shown.text.count("The stars.") == 2
        assert not shown.all("div", **{"class": "chart"})

    async def test_bands_differ_by_sign_and_word_not_by_colour_alone(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, MIXED)
        text = (await results(desk)).text
        for words in ("▼ Detractors 0–6 16% 11% to 23%", "◆ Passives 7–8 25%", "▲ Promoters 9–10 59%"):
            assert words in text
        assert "10 58 36% 9 37 23%" in text


class TestChange:
    """The 90 days that are shown begin on the day 89 days ago."""

    async def test_a_rise_beyond_chance_is_up(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - 100 * DAY_MS, [10] * 20 + [8] * 30 + [3] * 50)
        written(desk).say(desk.clock.now, MIXED)
        found = intervals.nps_difference((95, 40, 26), (20, 30, 50))
        text = (await results(desk)).text
        assert f"▲ Up by {found.estimate:.0f} points on the 90 days before" in text
        assert f"likely between +{found.low:.0f} and +{found.high:.0f}." in text

    async def test_a_fall_beyond_chance_is_down(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - 100 * DAY_MS, MIXED)
        written(desk).say(desk.clock.now, [10] * 20 + [8] * 30 + [3] * 50)
        found = intervals.nps_difference((20, 30, 50), (95, 40, 26))
        text = (await results(desk)).text
        assert f"▼ Down by {-found.estimate:.0f} points on the 90 days before" in text
        assert f"likely between −{-found.low:.0f} and −{-found.high:.0f}." in text

    async def test_a_difference_that_may_be_none_is_no_clear_change(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - 100 * DAY_MS, [10] * 10 + [8] * 5 + [3] * 6)
        written(desk).say(desk.clock.now, [10] * 12 + [8] * 5 + [3] * 6)
        text = (await results(desk)).text
        found = intervals.nps_difference((12, 5, 6), (10, 5, 6))
        assert f"No clear change on the 90 days before: +{found.estimate:.0f} points" in text
        assert f"anything between −{-found.low:.0f} and +{found.high:.0f} would fit" in text
        assert "▲ Up" not in text

    async def test_too_few_or_none_before_are_said_to_be(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, MIXED)
        assert "Nobody answered in the 90 days before" in (await results(desk)).text
        written(desk).say(desk.clock.now - 100 * DAY_MS, [10, 9])
        assert "The 90 days before had 2 answers, too few to compare with." in (await results(desk)).text
        assert (
            "before" not in (await results(desk, "?range=all")).text.partition("Small print")[0].split("How these")[0]
        )

    async def test_fewer_detractors_are_good_news(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - 100 * DAY_MS, [10] * 20 + [8] * 30 + [3] * 50)
        written(desk).say(desk.clock.now, MIXED)
        shown = await results(desk, "?band=detractor")
        assert "▼ Down by 34 percentage points" in shown.text
        assert shown.all("strong", **{"class": "moved best"})


class TestFilters:
    async def test_days_are_whole_and_both_ends_are_counted(self, desk: Site) -> None:
        today = desk.clock.now - desk.clock.now % DAY_MS
        for back, scores in ((6, [10] * 5), (7, [0] * 7)):
            written(desk).say(today - back * DAY_MS, scores)
        assert "from 5 answers" in (await results(desk, "?range=7d")).text
        assert "from 12 answers" in (await results(desk, "?range=30d")).text

    async def test_a_range_of_ones_own(self, desk: Site) -> None:
        for day, scores in ((10, [10] * 6), (11, [9] * 6), (12, [3] * 6)):
            written(desk).say(desk.clock.now - day * DAY_MS, scores)
        dates = [f"2026-11-{day:02}" for day in (6, 7)]  # 11 and 12 days before the 18th
        shown = await results(desk, f"?range=custom&from={dates[0]}&to={dates[1]}")
        assert "from 12 answers" in shown.text
        assert "6 Nov 2026 to 7 Nov 2026" in shown.text
        turned = await results(desk, f"?range=custom&from={dates[1]}&to={dates[0]}")
        assert "from 12 answers" in turned.text

    async def test_a_trait_narrows_everything(self, desk: Site) -> None:
        now = desk.clock.now
        written(desk, plan="pro", seats=25).say(now, [10] * 6, comment="From pro")
        written(desk, plan="free", seats=25).say(now, [3] * 6, comment="From free")
        written(desk, plan="free").ask(now, 6, dismissed=now)
        for query, value in (("plan%3Dpro", "+100"), ("plan%3Dfree", "−100"), ("seats%3D25", "0")):
            assert f"Net Promoter Score {value}" in (await results(desk, f"?trait={query}")).text
        narrowed = await results(desk, "?trait=plan%3Dpro")
        assert "What became of 6 asks" in narrowed.text
        assert "From free" not in narrowed.text
        assert "From pro" in narrowed.text
        assert "What became of 12 asks" in (await results(desk, "?trait=plan%3Dfree")).text

    async def test_traits_that_make_groups_are_offered_with_counts(self, desk: Site) -> None:
        now = desk.clock.now
        written(desk, plan="pro", active=True, tags=["a"]).say(now, [10] * 6)
        written(desk, plan="free", active=False).say(now, [3] * 4)
        for number in range(3):
            written(desk, email=f"{number}@x.test").say(now, [9])
        shown = await results(desk)
        offered = [str(one["value"]) for one in shown.all("option") if "=" in str(one["value"])]
        assert offered == ["plan=pro", "plan=free", "active=true", "active=false"]
        assert "plan: pro (6)" in shown.text
        assert "Net Promoter Score +100" in (await results(desk, "?trait=active%3Dtrue")).text

    async def test_a_trait_that_nobody_has_stays_chosen_and_says_so(self, desk: Site) -> None:
        written(desk, plan="pro").say(desk.clock.now, [10] * 6)
        shown = await results(desk, "?trait=plan%3Dgold")
        assert "Nobody was asked who fits" in shown.text
        [chosen] = [one for one in shown.all("option") if "selected" in one]
        assert chosen["value"] == "plan=gold"

    async def test_a_band_is_looked_at_by_its_share(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, [10] * 58, comment="Lovely")
        written(desk).say(desk.clock.now, [5] * 42, comment="Dreadful")
        shown = await results(desk, "?band=detractor")
        share = intervals.proportion(42, 100)
        assert "Detractors 42% Share who answered 0–6" in shown.text
        assert f"between {share.low:.0%} and {share.high:.0%}" in shown.text
        assert "Net Promoter Score: +16" in shown.text
        assert "Dreadful" in shown.text
        assert "Lovely" not in shown.text
        assert "Detractors by" in shown.text

    async def test_links_keep_the_other_filters(self, desk: Site) -> None:
        written(desk, plan="pro").say(desk.clock.now, [10] * 6)
        shown = await results(desk, "?range=30d&band=promoter&trait=plan%3Dpro&by=day")
        assert "?range=7d&band=promoter&trait=plan%3Dpro&by=day" in shown.links("?")
        assert "?range=30d&by=day" in shown.links("?"), "Clear leaves the time"
        hidden = {(one["name"], one["value"]) for one in shown.all("input", type="hidden")}
        assert {("band", "promoter"), ("trait", "plan=pro"), ("by", "day"), ("range", "custom")} <= hidden

    @pytest.mark.parametrize(
        "query",
        [
            "?range=century&band=nobody&trait=x&by=hour",
            "?range=custom&from=yesterday",
            "?range=custom&from=0001-01-01&to=9999-12-31",
            "?trait=%00%3D%00",
            "?trait=" + "x" * 5_000 + "%3D1",
            "?trait=a%3D" + "%22" * 100,
            "?trait=%24.plan%3Dpro",
            "?trait=[0]%3Dpro",
            "?range=all&by=day",
        ],
    )
    async def test_an_address_that_nobody_made_shows_something(self, desk: Site, query: str) -> None:
        written(desk, plan="pro").say(desk.clock.now - 400 * DAY_MS, [10] * 6)
        written(desk, plan="pro").say(desk.clock.now, [10] * 6)
        await results(desk, query)


class TestTrend:
    def rows(self, shown: Shown) -> list[dict[str, str | None]]:
        return [row for row in shown.all("tr") if "data-n" in row]

    async def test_every_period_has_its_interval_and_its_n(self, desk: Site) -> None:
        now = desk.clock.now
        written(desk).say(now, MIXED)
        written(desk).say(now - 7 * DAY_MS, [10] * 3)
        shown = await results(desk, "?by=week&range=30d")
        rows = self.rows(shown)
        assert [int(str(row["data-n"])) for row in rows][-2:] == [3, 161]
        interval = intervals.nps(95, 40, 26)
        drawn = [float(str(rows[-1][f"data-{name}"])) for name in ("value", "low", "high")]
        assert drawn == pytest.approx([interval.estimate, interval.low, interval.high])
        assert "data-value" not in rows[-2], "three answers are no score"
        assert "too few" in shown.text

    @pytest.mark.parametrize(
        ("query", "by", "points"),
        [
            ("?range=7d", "day", 7),
            ("?range=30d", "day", 30),
            ("?range=90d", "week", 14),
            ("?range=all", "month", 14),
            ("?range=90d&by=day", "day", 90),
            ("?range=all&by=day", "week", 59),
        ],
    )
    async def test_the_period_follows_the_range(self, desk: Site, query: str, by: str, points: int) -> None:
        for day in range(0, 30, 3):
            written(desk).say(desk.clock.now - day * DAY_MS, [9] * 6)
        written(desk).say(desk.clock.now - 400 * DAY_MS, [9] * 6)
        shown = await results(desk, query)
        assert f"Net Promoter Score by {by}" in shown.text
        assert abs(len(self.rows(shown)) - points) <= 1

    async def test_days_with_too_few_answers_are_gathered_to_weeks(self, desk: Site) -> None:
        for day in range(30):
            written(desk).say(desk.clock.now - day * DAY_MS, [9, 8])
        assert "Net Promoter Score by week" in (await results(desk, "?range=30d")).text

    async def test_a_period_that_is_not_over_is_marked(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, MIXED)
        rows = self.rows(await results(desk, "?range=7d"))
        assert ["data-part" in row for row in rows] == [False] * 6 + [True]


class TestComments:
    async def test_they_lead_to_the_response_and_the_person(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - HOUR_MS, [9], comment="Short and good")
        shown = await results(desk)
        [person] = shown.links("/people/")
        [response] = shown.links("/responses/")
        assert "Short and good Promoter · user-" in shown.text
        for address in (person, response):
            assert (await desk.client.get(address)).status_code == 200

    async def test_somebody_without_a_name_is_anonymous(self, desk: Site) -> None:
        Written(desk.path, desk.project.project_id, known=False).say(desk.clock.now, [9], comment="Hello")
        assert "Hello Promoter · Anonymous" in (await results(desk)).text

    async def test_every_text_is_text(self, desk: Site) -> None:
        for text in HOSTILE:
            written(desk, plan=text, name=text).say(desk.clock.now, [3, 3], comment=text)
        for query in ("", "?trait=plan%3D%3Cscript%3Ealert(1)%3C%2Fscript%3E"):
            shown = await results(desk, query)
            assert not shown.all("h1", **{"class": "owned"})
            assert not shown.all("img")
            assert len(shown.all("script")) == 2

    async def test_a_long_one_is_folded(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, [3], comment="word " * 400)
        shown = await results(desk)
        assert shown.all("details", id=f"more-{shown.links('/responses/')[0].rpartition('/')[2]}")


class TestNobody:
    @pytest.mark.parametrize(
        ("survey", "says"), [("nps", "waiting for its moment"), ("draft", "is a draft"), ("ces", "is paused")]
    )
    async def test_a_survey_that_asked_nobody_says_what_to_do(self, desk: Site, survey: str, says: str) -> None:
        text = (await results(desk, survey=survey)).text
        assert "Nobody has been asked yet" in text
        assert says in text

    async def test_nothing_in_the_range_leads_to_everything(self, desk: Site) -> None:
        written(desk).say(desk.clock.now - 200 * DAY_MS, MIXED)
        shown = await results(desk)
        assert "There are no asks and no answers in the last 90 days." in shown.text
        assert "?range=all" in shown.links("?range=all")
        assert "+43" in (await results(desk, "?range=all")).text

    async def test_test_people_are_shown_apart_and_count_nowhere(self, desk: Site) -> None:
        written(desk).say(desk.clock.now, [9] * 8, comment="Does it work?", test=True)
        shown = await results(desk)
        assert "Nobody has been asked yet" in shown.text
        assert "Answers of test people not counted" in shown.text
        assert "Does it work?" in shown.text

    async def test_a_survey_that_is_not_there(self, desk: Site) -> None:
        shown = await show(desk, "surveys/nope", 404)
        assert "There is no such survey in this project." in shown.text
        assert shown.links("/surveys"), "the way back is still there"


async def test_another_project_looks_like_none(desk: Site) -> None:
    answer: httpx2.Response = await desk.client.get("/projects/nope/surveys/nps")
    assert answer.status_code == 404
    assert "There is no such project." in answer.text


async def test_a_question_is_shown_as_it_reads_where_nothing_is_known(path: Path, clock: SetClock) -> None:
    questions = [{"id": "score", "kind": "nps", "ask": "How did {{event.agent|we}} do for {{project.name}}?"}]
    async with a_site(path, clock, surveys=(a_survey(questions=questions),)) as site:
        await log_in(site.client, site.service, "viewer")
        shown = await site.client.get(f"/projects/{site.project.project_id}/surveys/nps")
        assert "How did we do for P?" in shown.text
