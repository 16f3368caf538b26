"""What a centre's years make dearer: the same acts, small scale; and what is read instead of answers."""

from pathlib import Path

from lmsapp.bench import grow


def test_no_act_takes_more_statements_in_an_old_house_than_in_a_young_one(tmp_path: Path) -> None:
    rows = list(grow.run(tmp_path, repeat=1, seed=7, young=600, old=6_000))
    assert len(rows) > 10
    counted = {
        row.what: (row.facts["statements"], row.facts["statements_when_young"])
        for row in rows
        if "statements" in row.facts
    }
    assert {what: pair for what, pair in counted.items() if pair[0] != pair[1]} == {}
    assert counted["trainee's first page (E14)"][0] <= 6
