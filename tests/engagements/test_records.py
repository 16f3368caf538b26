"""Engagements: what the source states and nothing else, in every language; what a demonstration links stays apart."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmsapp.catalogue.sources import Sources
from lmsapp.cohorts import enrolling
from lmsapp.core import clock, paths
from lmsapp.core.access import ANYONE, KEEPER
from lmsapp.core.dates import PartialDate
from lmsapp.core.errors import NotAllowed
from lmsapp.core.sessions import transaction
from lmsapp.engagements import charts, recording, sources
from lmsapp.engagements.models import Delivery, Engagement, Partner, Project
from lmsapp.installation import Installation
from tests import cast as casting

SHIPPED = paths.shipped("content")


def loaded(session: Session) -> Project:
    found = sources.read(Sources(SHIPPED))
    assert found is not None
    assert recording.load(session, KEEPER, found) == "new"
    return session.scalars(select(Project)).one()


def test_the_records_say_what_the_source_says_and_leave_open_what_it_leaves_open(session: Session) -> None:
    project = loaded(session)
    assert (project.starts, project.ends_estimated) == (PartialDate(2009, 4), PartialDate(2012, 12))
    assert [(one.fiscal_year, one.amount) for one in project.deliveries] == [(2012, 2715110), (2013, -2743)]
    assert [(one.donor, one.amount) for one in project.contributions] == [
        ("United Nations Development Pro", None),
        ("Aze-government", None),
    ]
    assert {one.key: one.value for one in project.results} == {"area_cleared": 2890000, "social_rehabilitation": 124}
    assert [p.country for p in project.partners] == ["GE", "TR", "AF", "HR"]
    assert all(i.signed_on is None and i.counterpart is None for p in project.partners for i in p.instruments)
    textbook = session.scalars(select(Engagement).where(Engagement.code == "af-mre-textbook")).one()
    assert (textbook.copies, textbook.open_numbers) == (None, ["copies"])
    assert (textbook.source_language, textbook.target_languages) == ("az", ["prs", "ps"])


def test_loading_the_same_file_again_changes_nothing(session: Session) -> None:
    loaded(session)
    found = sources.read(Sources(SHIPPED))
    assert found is not None
    assert recording.load(session, KEEPER, found) == "unchanged"
    assert len(session.scalars(select(Partner)).all()) == 4


def test_a_changed_file_changes_the_records_without_doubling_them(session: Session, tmp_path: Path) -> None:
    loaded(session)
    shutil.copytree(SHIPPED, tmp_path / "content", ignore=shutil.ignore_patterns("courses", "figures"))
    path = tmp_path / "content" / "engagements.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("-2743", "-2744"), encoding="utf-8")
    changed = sources.read(Sources(tmp_path / "content"))
    assert changed is not None
    assert recording.load(session, KEEPER, changed) == "changed"
    assert sorted(session.scalars(select(Delivery.amount))) == [Decimal(-2744), Decimal(2715110)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("country: HR, type", "country: FR, type", "FR is no partner"),
        ("type: quality_assurance", "type: picnic", "the type is “picnic”"),
        ("copies: null", "copies: many", "copies is no number"),
        ('"2009-04"', '"2009-13"', "month must be in 1..12"),
        ("target_languages: [prs, ps]", "target_languages: [prs, xx]", "xx is no language"),
        ("amount: -2743", "amount: some", "a delivery needs"),
        ("engagements:\n", "engagement:\n", "engagements"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong_in_it(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = (SHIPPED / "engagements.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "engagements.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    files = Sources(tmp_path)
    assert sources.read(files) is None
    assert any("engagements.yaml:1:" in str(one) and said in str(one) for one in files.problems)


def test_a_translation_that_lacks_a_word_is_named(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "engagements.yaml", tmp_path)
    said = yaml.safe_load((SHIPPED / "engagements.ka.yaml").read_text(encoding="utf-8"))
    del said["engagements"]["af-mre-textbook"]
    (tmp_path / "engagements.ka.yaml").write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    files = Sources(tmp_path)
    sources.read(files)
    assert [str(one) for one in files.problems] == ["engagements.ka.yaml:1: lacks engagement.af-mre-textbook"]


def test_only_the_keeper_of_engagements_links_cohorts(session: Session) -> None:
    loaded(session)
    with pytest.raises(NotAllowed):
        recording.link_cohort(session, ANYONE, session.scalars(select(Engagement)).all()[0], None)  # type: ignore[arg-type]


def test_a_partner_page_shows_the_negative_year_and_every_unknown(
    opened: Installation, signed_in: Callable[[str], FlaskClient]
) -> None:
    with transaction(opened.sessions) as session:
        loaded(session)
    page = signed_in("anonymous").get("/en/partners/af").get_data(as_text=True)
    assert "−$2,743" in page
    assert "$2,712,367" in page
    assert "counterpart not stated" in page
    assert "no date in the source" in page
    dari = signed_in("anonymous").get("/prs/partners/af").get_data(as_text=True)
    assert "−$۲" in dari
    assert "سازگارسازی، ترجمه و چاپ کتاب درسی" in dari
    assert signed_in("anonymous").get("/en/partners/fr").status_code == 404


def test_a_linked_cohort_is_seen_by_those_who_may_see_cohorts_and_counts_in_no_figure(
    opened: Installation, signed_in: Callable[[str], FlaskClient]
) -> None:
    with transaction(opened.sessions) as session:
        project = loaded(session)
        engagement = session.scalars(select(Engagement).where(Engagement.code == "ge-core-training")).one()
        edition = session.scalars(select(enrolling.Edition)).first()
        assert edition is not None
        new = enrolling.NewCohort(
            clock.now().date(), clock.now().date(), "Hall B", ("en",), 5, casting.organisation(session, "ge")
        )
        cohort = enrolling.start(session, KEEPER, edition, new)
        cohort.is_demonstration = True
        session.flush()
        recording.link_cohort(session, KEEPER, engagement, cohort)
        code, stated = cohort.code, (engagement.sessions, engagement.participants, len(project.results))
    manager = signed_in("manager").get("/en/partners/ge").get_data(as_text=True)
    assert code in manager
    assert '<span class="label">demonstration</span>' in manager
    assert code not in signed_in("anonymous").get("/en/partners/ge").get_data(as_text=True)
    assert stated == (None, None, 2)


def test_bars_go_below_the_axis_for_a_negative_year_and_stay_visible() -> None:
    drawn = charts.bars([(2012, Decimal(2715110)), (2013, Decimal(-2743))], rtl=False)
    high, low = drawn.bars
    assert high.y + high.height == charts.ZERO
    assert low.y == charts.ZERO
    assert low.height >= 3
    assert [amount for amount, _y in drawn.lines] == [0, 1000000, 2000000, 3000000]


def test_time_runs_from_the_right_in_right_to_left_pages() -> None:
    ltr = charts.timeline(PartialDate(2009, 4), PartialDate(2012, 12), rtl=False)
    rtl = charts.timeline(PartialDate(2009, 4), PartialDate(2012, 12), rtl=True)
    assert (ltr.x, ltr.width) == (50.0, 750.0)
    assert (rtl.x, rtl.width) == (200.0, 750.0)
