"""CVRS extracts as registries send them, good ones and bad ones."""

from __future__ import annotations

from hub.mapping.vaccinations import COLUMNS
from tests.mapping.unseen.telling import Case

__all__ = ["CASES", "row", "table"]

_ROW = {
    "vax_event_id": "E1", "ext_type": "I", "recip_id": "R1", "recip_first_name": "Ana", "recip_last_name": "Example",
    "recip_dob": "1984-06-15", "recip_sex": "F", "recip_address_county": "47037", "recip_address_state": "TN",
    "recip_address_zip": "37201", "recip_race_1": "2106-3", "recip_ethnicity": "2186-5", "admin_date": "2021-01-20", "cvx": "208",
    "mvx": "PFR", "dose_num": "1", "vax_series_complete": "NO", "vtrcks_prov_pin": "999999", "admin_type": "1", "vax_refusal": "NO",
    "cmorbid_status": "UNK", "serology": "UNK",
}  # fmt: skip
_NEXT = {"vax_event_id": "E2", "admin_date": "2021-02-15", "dose_num": "2", "vax_series_complete": "YES"}


def row(**changes: str) -> list[str]:
    return [{**_ROW, **changes}.get(name, "") for name in COLUMNS]


def table(*rows: list[str], header: tuple[str, ...] | list[str] = COLUMNS, tab: str = "\t", end: str = "\r\n") -> str:
    return "".join(tab.join(cells) + end for cells in ([*header], *rows))


def _quoted(cells: list[str] | tuple[str, ...]) -> list[str]:
    return [f'"{cell}"' for cell in cells]


_GIVEN = "administered 208 covid"

CASES = (
    Case.of("plain", table(row(), row(**_NEXT)), _GIVEN, _GIVEN),
    Case.of("lf", table(row(), end="\n"), _GIVEN),
    Case.of("cr-only", table(row(), row(**_NEXT), end="\r"), _GIVEN, _GIVEN),
    Case.of("no-last-line-end", table(row()).rstrip("\r\n"), _GIVEN),
    Case.of("bom", "\ufeff" + table(row()), _GIVEN),
    Case.of("utf-16", table(row()).encode("utf-16"), _GIVEN),
    Case.of("latin-1", table(row(recip_first_name="Ána")).encode("latin-1"), _GIVEN),
    Case.of("header-in-capitals", table(row(), header=[name.upper() for name in COLUMNS]), _GIVEN),
    Case.of("columns-in-another-order", table(row()[::-1], header=COLUMNS[::-1]), _GIVEN),
    Case.of("pipes", table(row(), tab="|"), _GIVEN),
    Case.of("commas", table(row(), tab=","), _GIVEN),
    Case.of("commas-quoted", table(_quoted(row()), header=_quoted(COLUMNS), tab=","), _GIVEN),
    Case.of("tabs-quoted", table(_quoted(row()), header=_quoted(COLUMNS)), _GIVEN),
    Case.of("cells-quoted-header-not", table(_quoted(row())), _GIVEN),
    Case.of("stray-quote-in-a-name", table(row(recip_first_name='An"a'), row(**_NEXT)), _GIVEN, _GIVEN),
    Case.of("quote-that-never-ends", table(row(recip_first_name='"Ana'), row(**_NEXT)), _GIVEN, _GIVEN),
    Case.of("blanks-around-values", table([f" {cell} " for cell in row()]), _GIVEN),
    Case.of("header-alone", table(), "ignored no-rows"),
    Case.of("empty-file", "", "rejected empty"),
    Case.of("blank-lines-at-the-end", table(row()) + "\r\n\r\n", _GIVEN),
    Case.of("blank-line-between", table(row(), [""], row(**_NEXT)), _GIVEN, _GIVEN),
    # what is not CVRS
    Case.of("header-misses-one", table(row()[:-1], header=COLUMNS[:-1]), "rejected missing-column"),
    Case.of("header-misspelt", table(row(), header=["vax_event", *COLUMNS[1:]]), "rejected missing-column"),
    Case.of(
        "header-has-one-more", table([*row(), "x"], header=[*COLUMNS, "recip_missed_appt"]), "rejected unknown-column"
    ),
    Case.of("header-has-one-twice", table([*row(), "x"], header=[*COLUMNS, "cvx"]), "rejected duplicate-column"),
    Case.of("no-header", table(header=row()), "rejected no-header"),
    Case.of("an-hl7-message", "MSH|^~\\&|A|B|C|D|20210301||ACK^V04|1|P|2.5.1\rMSA|AA|1\r", "rejected no-header"),
    Case.of("row-of-44", table(row()[:-1], row(**_NEXT)), "rejected short-row", _GIVEN),
    Case.of("row-of-46", table([*row(), "x"], row(**_NEXT)), "rejected long-row", _GIVEN),
    Case.of("row-of-46-the-last-empty", table([*row(), ""]), _GIVEN),
    Case.of("two-files-joined", table(row()) + table(row(**_NEXT)), _GIVEN, "rejected repeated-header", _GIVEN),
    Case.of("nul-in-a-row", table(row(recip_first_name="A\0"), row(**_NEXT)), "rejected nul-byte", _GIVEN),
    # who
    Case.of(
        "redacted",
        table(
            row(ext_type="D", recip_first_name="Redacted", recip_last_name="Redacted", recip_address_street="Redacted")
        ),
        _GIVEN,
    ),
    Case.of("no-recipient", table(row(recip_id="")), "rejected missing-key"),
    Case.of("no-event-id", table(row(vax_event_id="")), "rejected missing-key"),
    Case.of("no-birth-date", table(row(recip_dob="")), _GIVEN),
    Case.of("birth-date-nonsense", table(row(recip_dob="1984-13-45")), _GIVEN),
    Case.of("birth-date-us", table(row(recip_dob="06/15/1984", admin_date="01/20/2021")), _GIVEN),
    Case.of("race-not-reportable", table(row(recip_race_1="POL", recip_ethnicity="POL")), _GIVEN),
    Case.of("county-of-another-state", table(row(recip_address_county="26081")), _GIVEN),
    # which dose
    Case.of("second-before-first", table(row(**_NEXT), row()), _GIVEN, _GIVEN),
    Case.of("second-dated-before-first", table(row(), row(**_NEXT | {"admin_date": "2021-01-02"})), _GIVEN, _GIVEN),
    Case.of(
        "dose-number-as-a-word",
        table(
            row(dose_num="FIRST"),
            row(**_NEXT | {"dose_num": "2nd"}),
            row(vax_event_id="E3", dose_num="INV"),
            row(vax_event_id="E4", dose_num="UNK"),
        ),
        _GIVEN,
        _GIVEN,
        _GIVEN,
        _GIVEN,
    ),
    Case.of("cvx-with-leading-zero", table(row(cvx="0208")), _GIVEN),
    Case.of("cvx-of-three-digits-of-another", table(row(cvx="003")), "administered 03"),
    Case.of("cvx-as-a-spreadsheet-number", table(row(cvx="208.0")), _GIVEN),
    Case.of("cvx-in-words", table(row(cvx="Pfizer")), "administered -"),
    Case.of("ndc-only", table(row(cvx="", ndc="59267-1000-02")), _GIVEN),
    Case.of("unknown-cvx", table(row(cvx="777")), "administered 777"),
    Case.of("development-code", table(row(cvx="901")), "administered 901"),
    Case.of("no-product", table(row(cvx="")), "not-administered -"),
    Case.of("998", table(row(cvx="998")), "not-administered 998"),
    # refusals
    Case.of("refusal", table(row(vax_refusal="YES")), "refused 208 covid"),
    Case.of("refusal-in-mixed-case", table(row(vax_refusal="Yes", cvx="")), "refused -"),
    Case.of(
        "refusal-before-the-first-vaccine", table(row(vax_refusal="Y", admin_date="2020-10-04")), "refused 208 covid"
    ),
    Case.of("refusal-empty", table(row(vax_refusal="")), _GIVEN),
    Case.of("refusal-unknown-word", table(row(vax_refusal="UNK")), _GIVEN),
    # days that cannot be
    Case.of("no-date", table(row(admin_date="")), "rejected bad-date"),
    Case.of("before-birth", table(row(recip_dob="2021-06-01")), "rejected dose-before-birth"),
    Case.of("before-the-first-vaccine", table(row(admin_date="2020-10-04")), "rejected dose-before-first-vaccine"),
    Case.of("same-event-twice", table(row(), row()), _GIVEN, _GIVEN),
)
