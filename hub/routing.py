"""Which connector a file or folder is for, by what is in it: for `hub preview`, where nobody says so.

A folder named after a connector is that connector's. Else what the files hold decides: the first bytes of a file are looked at,
never more than `SNIFF_BYTES`; of a workbook the table on its first sheet. `hub-preview.yaml` beside the files overrides: a mapping
of glob pattern → connector name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from fnmatch import fnmatch
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import yaml

from hub.connectors.archive import ArchiveFault, ArchiveLimits, glance, is_archive
from hub.connectors.inbox import lacking
from hub.domain.lab_meaning import Code, is_covid_test
from hub.errors import ConfigError
from hub.formats.delimited import open_table
from hub.formats.errors import ParseError
from hub.formats.hmis import FILES
from hub.formats.spreadsheet import MAX_WORKBOOK, as_table, is_workbook
from hub.mapping import benefits, consent_lists, line_lists, pantries, referral_lists, rosters
from hub.mapping.labs_csv_layouts import layout_of, open_lab_table
from hub.mapping.lists_table import open_list
from hub.mapping.supply_header import DELIMITERS as SUPPLY_DELIMITERS
from hub.mapping.supply_header import header_of

__all__ = ["OVERRIDES", "Routed", "route"]

OVERRIDES = "hub-preview.yaml"
SNIFF_BYTES = 65_536
_HMIS_NAMES = {"export.csv": "Export.csv", "client.csv": "Client.csv", "enrollment.csv": "Enrollment.csv"}
_HMIS = frozenset(_HMIS_NAMES)
_NOBODYS = f"nothing in it is of a format the hub knows; a connector that reads it can be named in {OVERRIDES}"
_NEARLY = 2  # files of HMIS in one folder: no accident any more
_MESSAGES = (
    (b"ORU^R01", "lab-elr-hl7v2"),
    (b"ORU^R3", "lab-elr-hl7v2"),
    (b"ORU_R", "lab-elr-hl7v2"),
    (b"OUL^R2", "lab-elr-hl7v2"),
    (b"OUL_R2", "lab-elr-hl7v2"),
    (b"VXU^V04", "iis-vxu"),
    (b"RSP^K11", "iis-vxu"),
    (b"ACK^V04", "iis-vxu"),
    (b"VXR^V03", "iis-vxu"),
    (b"VXX^V02", "iis-vxu"),
    (b"QBP^Q11", "iis-vxu"),
)  # what an HL7 file is for, by the first of these in its head
_LAB_REPORT = (
    re.compile(rb'"resourceType"\s*:\s*"(DiagnosticReport|Observation)"'),
    re.compile(rb'"resourceType"\s*:\s*"(DiagnosticReport|Patient)"|"code"\s*:\s*"laboratory"'),
)
_NEEDS = re.compile(rb'"resourceType"\s*:\s*"QuestionnaireResponse"')
_NEEDS_BY_THEMSELVES = re.compile(rb'"resourceType"\s*:\s*"(Observation|Condition)"')
_OF_NEEDS = re.compile(rb'sdoh-clinicalcare|42CFRPart2|"code"\s*:\s*"(survey|sdoh)"|"code"\s*:\s*"Z(5[5-9]|6[0-5])')
_LOINC = re.compile(rb'"(\d{4,6}-\d)"')
_CVRS = frozenset({"vax_event_id", "recip_id", "admin_date", "cvx"})
_IMMUNIZATION = re.compile(rb'"resourceType"\s*:\s*"Immunization"')
_REFERRAL = re.compile(rb'"resourceType"\s*:\s*"(Task|ServiceRequest)"')
_CONSENT = re.compile(rb'"resourceType"\s*:\s*"Consent"')
_DIRECTORY = re.compile(rb'"(service_at_locations|eligibility_description|organization_identifiers)"\s*:')
_LISTS = (rosters.LIST, line_lists.LIST, pantries.LIST, referral_lists.LIST, benefits.LIST, consent_lists.LIST)
_HASHED = {rosters.LIST.program: "shelter-roster-hashed"}
"""Lists whose people are told by filters: shipped connectors with the same program."""
_SERVICES, _PLACES = (
    {"services.csv", "service.csv"},
    {"organizations.csv", "organization.csv", "locations.csv", "location.csv"},
)
_SET = ("*DEMOGRAPHIC*.csv", "*SCREENING*.csv")  # visit flags are waited for by whoever reads the set
_OF_SET = ("DEMOGRAPHIC_DATA*.csv", "SCREENING*.csv")  # nothing else is called so


class Routed(NamedTuple):
    """One unit: `path` is a file or a folder; `connector` None = nobody's, `why` says so in words."""

    path: Path
    connector: str | None
    why: str


def route(path: Path, known: Sequence[str], folders: Sequence[str] | None = None) -> Iterator[Routed]:
    """Every unit under `path`, in name order. `folders`: connectors whose name on a folder decides for all in it, by default all
    that are `known`. ConfigError when `path` does not exist or an override names no connector."""
    if not path.exists():
        raise ConfigError(f"there is no {path.name} to preview")
    yield from _inside(path, known, known if folders is None else folders, {}, None)


def _inside(
    path: Path, known: Sequence[str], folders: Sequence[str], overrides: Mapping[str, str], named: str | None
) -> Iterator[Routed]:
    if path.is_file():
        chosen = next((name for pattern, name in overrides.items() if fnmatch(path.name, pattern)), named)
        connector = chosen or _sniff(path)
        yield Routed(path, connector, "" if connector else _NOBODYS)
        return
    if path.name in folders:
        named = path.name
    whole = _folder_unit(path)
    if whole is not None:
        yield Routed(path, named or whole, "")
        return
    if named is None and (lacking := _lacking(path)):
        yield Routed(path, None, lacking)
        return
    overrides = {**overrides, **_overrides(path, known)}
    for child in sorted(path.iterdir()):
        if child.name != OVERRIDES and not child.name.startswith("."):
            if named is None and child.is_file() and child.name == "population.csv":
                continue  # denominators, not a source
            yield from _inside(child, known, folders, overrides, named)


def _folder_unit(path: Path) -> str | None:
    """The connector of a folder that is one unit, None when its files are units of their own."""
    return _set_of({child.name.casefold() for child in path.iterdir() if child.is_file()})


def _set_of(names: Set[str]) -> str | None:
    if names >= _HMIS:
        return "hmis-csv"
    if names & _SERVICES and names & _PLACES:
        return "hsds-directory"
    return None if lacking(names, _SET) else "hrsn-screening"


def _lacking(path: Path) -> str:
    """What keeps a folder from being an HMIS export or a set of screenings, where it nearly is one; else empty."""
    names = {child.name.casefold() for child in path.iterdir() if child.is_file()}
    known = {f"{name}.csv".casefold() for name in FILES}
    if len(names & known) >= _NEARLY and (missing := sorted(_HMIS - names)):
        return f"looks like an HMIS export, but there is no {' and no '.join(_HMIS_NAMES[name] for name in missing)}"
    here = [kind for kind in _OF_SET if any(fnmatch(name, kind.casefold()) for name in names)]
    if len(here) == 1 and (wanted := lacking(names, _SET)):
        return f"looks like a set of screenings, but there is no {wanted[0]} beside {here[0]}"
    return ""


def _sniff(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(SNIFF_BYTES)
    if is_archive(path.name, head) is not None:
        try:
            names, head = glance(path.resolve(), path.name, ArchiveLimits(), SNIFF_BYTES)
        except ArchiveFault:
            return None
        whole = _set_of({name.rpartition("/")[2].casefold() for name in names})
        if whole is not None:
            return whole
    elif is_workbook(head[:8]):
        try:
            head = as_table(_workbook(path))[:SNIFF_BYTES]
        except ParseError:
            return None
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\x0b\x0c\x1c\x00")
    if head.startswith((b"MSH", b"FHS", b"BHS")):
        return next((name for mark, name in _MESSAGES if mark in head), _of_unusual_separators(head))
    if head[:12].lower() == b"vax_event_id" or _is_cvrs(head):
        return "iis-cvrs"
    if _is_lab_table(head):
        return "lab-csv"
    if _is_supply_table(head):
        return "vaccine-supply"
    if (listed := _kind_of_list(head)) is not None:
        return listed
    if head.startswith((b"{", b"[")) and b"saraalert.org" in head:
        return "sara-alert"
    if head.startswith((b"{", b"[")) and _IMMUNIZATION.search(head):
        return "iis-fhir"
    if head.startswith((b"{", b"[")) and _is_of_needs(head):
        return "hrsn-fhir"
    if head.startswith((b"{", b"[")) and all(mark.search(head) for mark in _LAB_REPORT):
        return "lab-elr-fhir"
    if head.startswith((b"{", b"[")) and _REFERRAL.search(head):
        return "gravity-referral"
    if head.startswith((b"{", b"[")) and b'"resourceType"' not in head and _DIRECTORY.search(head):
        return "hsds-directory"
    if head.startswith((b"{", b"[")) and _CONSENT.search(head):
        return "consent"
    return None


def _workbook(path: Path) -> bytes:
    """What `as_table` reads, or refuses for its size."""
    with path.open("rb") as file:
        return file.read(MAX_WORKBOOK + 1)


def _is_of_needs(head: bytes) -> bool:
    """Screenings and diagnoses of social needs in FHIR: a response, or observations and conditions that say so themselves, and are
    no tests for SARS-CoV-2 (a self test is a survey too)."""
    if _NEEDS.search(head):
        return True
    of_needs = _NEEDS_BY_THEMSELVES.search(head) and _OF_NEEDS.search(head)
    return bool(of_needs) and not any(is_covid_test([Code(code.decode())]) for code in _LOINC.findall(head))


def _of_unusual_separators(head: bytes) -> str | None:
    """A message whose separators are its own, or whose type is `ORU` or `VXU` alone (MSH-9)."""
    header = next((line for line in head.replace(b"\n", b"\r").split(b"\r") if line.startswith(b"MSH")), b"")
    kind = header.split(header[3:4], 9)[8:9] if len(header) > 8 else []
    if not kind or kind[0][3:4].isalnum():
        return None
    return {b"ORU": "lab-elr-hl7v2", b"OUL": "lab-elr-hl7v2", b"VXU": "iis-vxu"}.get(kind[0][:3])


def _is_cvrs(head: bytes) -> bool:
    """The names of CVRS in any order, quoted or in UTF-16."""
    try:
        return frozenset(open_table(head, delimiters="\t|,").names) >= _CVRS
    except ParseError:
        return False


def _is_lab_table(head: bytes) -> bool:
    try:
        layout_of(open_lab_table(head).names)
    except ParseError:
        return False
    return True


def _is_supply_table(head: bytes) -> bool:
    try:
        header_of(open_table(head, delimiters=SUPPLY_DELIMITERS).names)
    except ParseError:
        return False
    return True


def _kind_of_list(head: bytes) -> str | None:
    """Bed lists, visits, benefits, line lists: the kind whose header it is; of several (each has people and a status) that which
    knows most of its columns."""
    found: list[tuple[int, str]] = []
    for kind in _LISTS:
        try:
            _, header = open_list(head, kind.program, kind.needs)
        except ParseError:
            continue
        name = _HASHED.get(kind.program, kind.program) if "filters" in header.columns else kind.program
        found.append((len(header.columns), name))
    return max(found, key=itemgetter(0), default=(0, None))[1]


def _overrides(path: Path, known: Sequence[str]) -> dict[str, str]:
    file = path / OVERRIDES
    if not file.is_file():
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError):
        raise ConfigError(f'{file} cannot be read: it holds lines like `"*.txt": iis-cvrs`') from None
    if not isinstance(found, dict) or any(name not in known for name in found.values()):
        raise ConfigError(f"{file}: each pattern must name one of {', '.join(known)}")
    return {str(pattern): str(name) for pattern, name in found.items()}
