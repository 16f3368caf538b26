"""The register of personal fields is whole: a column nobody declared fails here."""

import pytest
from click.testing import CliRunner

from lmsapp.cli import lmsapp
from lmsapp.models import Base
from lmsapp.upkeep import personal


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_column_about_people_says_why_it_is_kept(table: str) -> None:
    if table in personal.IMPERSONAL:
        assert table not in personal.FIELDS
        assert not [
            one
            for one in Base.metadata.tables[table].columns
            if "person_id" in one.name or one.name in ("name_language", "email", "phone")
        ]
        return
    assert set(personal.declared(table)) == {column.name for column in Base.metadata.tables[table].columns}


def test_nothing_is_declared_that_is_not_there_or_twice() -> None:
    assert set(personal.FIELDS) | personal.IMPERSONAL == set(Base.metadata.tables)
    for table, kinds in personal.FIELDS.items():
        assert set(kinds) <= set(personal.KINDS)
        columns = [column for columns in kinds.values() for column in columns.split()]
        assert len(columns) == len(set(columns)), table


def test_the_register_can_be_read_by_who_answers_for_it() -> None:
    said = CliRunner().invoke(lmsapp, ["fields"]).output
    assert "contact: letters, calling back" in said
    assert "person: email, phone" in said
