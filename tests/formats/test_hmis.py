from __future__ import annotations

from datetime import datetime

import pytest

import hub.formats.hmis as hmis
from hub.formats.delimited import Row
from hub.formats.errors import ParseError
from hub.formats.hmis import open_export, parse_date


def files(version: str, client: str = "PersonalID,HispanicLatinaeo", **more: str) -> dict[str, bytes]:
    export = f"ExportID,CSVVersion,ExportDate\n1,{version},02-07-2023 12:00:00\n"
    return {"Export.csv": export.encode(), "Client.csv": client.encode(), **{k: v.encode() for k, v in more.items()}}


@pytest.mark.parametrize(
    ("version", "client", "dialect"),
    [
        ("2024 v1.3", "PersonalID,HispanicLatinaeo", "FY2024"),
        ("FY2022", "PersonalID,Ethnicity", "FY2022"),
        ("2026 v1", "PersonalID,Sex,HispanicLatinao", "FY2026"),
        ("2026 v1.0", "personalid,SEX,hispaniclatinao", "FY2026"),
        ("", "PersonalID,Ethnicity", "FY2022"),
        ("HMIS CSV FY2024 v1.3", "PersonalID,HispanicLatinaeo", "FY2024"),
    ],
)
def test_the_dialect_is_told_by_version_and_headers(version: str, client: str, dialect: str) -> None:
    assert open_export(files(version, client)).dialect == dialect


@pytest.mark.parametrize(
    ("version", "client", "reason"),
    [
        ("FY2022", "PersonalID,HispanicLatinaeo", "version-mismatch"),
        ("2031 v1", "PersonalID,HispanicLatinaeo", "unknown-version"),
        ("", "PersonalID", "unknown-version"),
        ("banana", "PersonalID,HispanicLatinaeo", "unknown-version"),
        ("6.12", "PersonalID,Ethnicity", "unknown-version"),
        ("", "PersonalID,NativeHIOtherPacific,Ethnicity,Gender", "unknown-version"),
        ("", "PersonalID,NativeHIOtherPacific,Gender", "unknown-version"),
        ("FY2022", "PersonalID,NativeHIOtherPacific,Gender", "version-mismatch"),
    ],
)
def test_a_mismatch_is_refused_and_not_guessed(version: str, client: str, reason: str) -> None:
    with pytest.raises(ParseError) as error:
        open_export(files(version, client))
    assert error.value.reason == reason


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_an_export_that_a_spreadsheet_saved_with_another_separator_is_read(separator: str) -> None:
    sent = files("2024 v1.3", "PersonalID,HispanicLatinaeo\n1,0\n")
    export = open_export({name: data.replace(b",", separator.encode()) for name, data in sent.items()})
    assert (export.dialect, export.about["csvversion"]) == ("FY2024", "2024 v1.3")
    assert [row.cells for row in export.table("Client").rows() if isinstance(row, Row)] == [
        {"personalid": "1", "hispaniclatinaeo": "0"}
    ]


def test_an_export_whose_table_cannot_be_told_apart_says_what_it_lacks() -> None:
    given = {name: data.replace(b",", b"^") for name, data in files("2024 v1.3").items()}
    with pytest.raises(ParseError) as error:
        open_export(given)
    assert (error.value.reason, error.value.where, error.value.field) == ("missing-column", "Export.csv", "CSVVersion")


def test_a_mismatch_says_which_year_was_said_and_which_the_header_is_of() -> None:
    with pytest.raises(ParseError) as error:
        open_export(files("FY2022", "PersonalID,HispanicLatinaeo"))
    assert (error.value.where, error.value.field) == ("Client.csv", "CSVVersion FY2022, header FY2024")


def test_a_table_that_could_be_spared_is_named_where_nothing_can_be_read_of_it() -> None:
    """Whoever has left, flees or is a victim service's must be known; an Event.csv of zero bytes keeps nobody from a bed."""
    given = files("2024 v1", **{"Event.csv": "", "User.csv": "\ufeff", "Services.csv": "ServicesID\n"})
    export = open_export(given)
    assert export.tables == {"Export", "Client", "Services"}
    assert [(error.reason, error.where) for error in export.unreadable] == [
        ("empty", "Event.csv"),
        ("empty", "User.csv"),
    ]
    for needed in ("Enrollment", "Exit", "Project", "Organization", "HMISParticipation", "HealthAndDV"):
        assert needed in open_export({**given, f"{needed}.csv": b""}).tables


def test_further_rows_of_export_csv_are_told() -> None:
    given = files("2024 v1")
    assert open_export(given | {"Export.csv": given["Export.csv"] + b"2,2026 v1,02-08-2023 12:00:00\n"}).further == (3,)


def test_names_of_files_count_in_any_case_and_in_any_folder() -> None:
    given = files("2024 v1")
    export = open_export(
        {"drop/" + name.upper(): data for name, data in given.items()} | {"drop/readme.pdf": b"", "Lists.csv": b""}
    )
    assert export.tables == {"Export", "Client"}
    assert export.ignored == ("Lists.csv", "readme.pdf")


def test_an_export_without_its_own_file_is_refused() -> None:
    with pytest.raises(ParseError, match=r"missing-file at Export\.csv"):
        open_export({"Client.csv": b"PersonalID\n"})


def test_tables_are_read_in_any_case_of_their_columns() -> None:
    export = open_export(files("2024 v1", "PERSONALID,HispanicLatinaeo\n7,0\n"))
    assert [row.cells["personalid"] for row in export.table("Client").rows() if isinstance(row, Row)] == ["7"]


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("2021-10-27 11:05:20", datetime(2021, 10, 27, 11, 5, 20)),
        ("02-07-2023 12:00:00", datetime(2023, 2, 7, 12)),
        ("2021-10-27", datetime(2021, 10, 27)),
        ("2021-10-27T11:05:20.123Z", datetime(2021, 10, 27, 11, 5, 20)),
        ("2/7/2023 8:05", datetime(2023, 2, 7, 8, 5)),
        ("2/7/2023 12:05:09 AM", datetime(2023, 2, 7, 0, 5, 9)),
        ("2/7/2023 1:05 pm", datetime(2023, 2, 7, 13, 5)),
        ("2/7/23 1:05", None),
        ("31-12-2021", None),
        ("", None),
    ],
)
def test_export_dates_come_in_several_forms(text: str, read_as: datetime | None) -> None:
    assert parse_date(text) == read_as


@pytest.mark.parametrize("looked_at", [1, 3, 1_000])
def test_keys_that_repeat_are_found_however_long_the_table_is(monkeypatch: pytest.MonkeyPatch, looked_at: int) -> None:
    monkeypatch.setattr(hmis, "ROWS_LOOKED_AT", looked_at)
    keys = [f"S{number}" for number in range(500)]
    rows = "\n".join(["ServicesID,PersonalID", *(f"{key},P" for key in (*keys, "S1", "S499", "S250"))])
    found = open_export({**files("2024"), "Services.csv": rows.encode()}).repeated("Services", "servicesid")
    assert found == {"S1", "S250", "S499"}
