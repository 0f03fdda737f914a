"""`hub preview` of supply and doses together: what a county's officer would see, whatever came first and how often."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from click.testing import CliRunner

from hub.commands.preview import preview as command
from hub.mapping.vaccinations import COLUMNS
from tests.mapping.made_up_vxu import orc, rxa, vxu

SUPPLY = (
    "shipments.csv",
    "Provider PIN,State,County,CVX,Shipment Number,Lot Number,Doses Shipped,Delivery Date,Last Updated\n"
    "004512,TN,47065,208,S1,L1,100,2021-01-18,2021-01-18\n"
    "B301,TN,Marion,208,S2,L1,60,2021-01-18,2021-01-18\n",
    "week.csv",
    "PIN,Facility Name,CVX,Week Start,Week Ending,Doses Administered,Doses Wasted,Doses On Hand,Submitted At\n"
    "4512,Made-up Clinic,208,2021-01-18,2021-01-24,4,1,95,2021-01-25T08:00:00\n",
)


NAMES = {
    "p1": "Ottilie\tFarquhar", "p2": "Bram\tVandersloot", "p3": "Keziah\tMontfort", "p4": "Ignatius\tPell", "p5": "Soraya\tKahan",
    "p6": "Wendell\tDrumgold", "p7": "Philippa\tEskew",
}  # fmt: skip


def dose(event: str, person: str, pin: str, on: str = "2021-01-20", **cells: str) -> str:
    given, family = NAMES[person].split("\t")
    told = dict.fromkeys(COLUMNS, "") | {
        "vax_event_id": event, "ext_type": "I", "recip_id": person, "recip_first_name": given, "recip_last_name": family,
        "recip_dob": f"196{person[1:]}-03-14", "admin_date": on, "cvx": "208", "vtrcks_prov_pin": pin, "vax_refusal": "NO", **cells,
    }  # fmt: skip
    return "\t".join(told[name] for name in COLUMNS)


DOSES = [
    dose("1", "p1", " 4512"), dose("2", "p2", "004512"), dose("3", "p2", "4512", on="2021-02-10"),
    dose("4", "p3", "4512", on="2021-01-21"), dose("5", "p3", "4512", on="2021-01-22"),  # one dose, a day off
    dose("6", "p4", "4512", vax_refusal="YES"), dose("7", "p5", "C9"), dose("8", "p6", ""), dose("9", "p7", "4512", cvx="140"),
]  # fmt: skip


def county(folder: Path, rng: Random) -> Path:
    """Files under names of any order, each of them twice."""
    rows = [*DOSES, *DOSES]
    rng.shuffle(rows)
    files = {
        **dict(zip(SUPPLY[::2], SUPPLY[1::2], strict=True)),
        "doses.txt": "\n".join(["\t".join(COLUMNS), *rows, ""]),
        "vxu.hl7": vxu(orc(), rxa(at="^^^B301")).decode(),
        "test.hl7": vxu(orc("9002^ALDEHR"), rxa(at="^^^B301"), processing="T").decode(),
    }
    names = [(number, name) for name in files for number in (1, 2)]
    rng.shuffle(names)
    for place, (number, name) in enumerate(names):
        (folder / f"{place}-{number}-{name}").write_text(files[name], encoding="utf-8", newline="")
    return folder


def preview(folder: Path, *options: str) -> Any:
    found = CliRunner().invoke(command, [str(folder), "--as-of", "2021-03-01", *options])
    assert found.exit_code == 0, found.output
    return found.stdout


def test_supply_is_set_against_the_doses_of_its_pin_whatever_the_order_and_repeats(tmp_path: Path) -> None:
    told = []
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        told.append(json.loads(preview(county(folder, Random(seed)), "--json"))["supply"])
    assert told[0] == told[1]
    lines = {line["provider_pin"] or line["area"]: line for line in told[0] if line["product"] == "all"}
    by_product = {line["product"]: line for line in told[0] if line["provider_pin"] == "4512"}
    assert by_product["pfizer"]["seen"] == by_product["all"]["seen"] == 4
    north = lines["4512"]
    assert (north["delivered"], north["reported"], north["seen"], north["wasted"], north["on_hand"]) == (
        100,
        4,
        4,
        1,
        95,
    )
    assert (north["reported_less_seen"], north["unused"], north["area"], north["issues"]) == (0, 95, "47065", [])
    assert north["site_name"] == "Made-up Clinic"
    west = lines["B301"]
    assert (west["delivered"], west["reported"], west["seen"], west["unused"], west["area"]) == (
        60,
        None,
        1,
        59,
        "47115",
    )
    assert (lines["C9"]["seen"], lines["C9"]["issues"]) == (1, ["no-supply-told"])
    everywhere = lines["all"]
    assert (everywhere["sites"], everywhere["delivered"], everywhere["seen"]) == (3, 160, 6)


def test_people_read_it_as_a_table(tmp_path: Path) -> None:
    shown = preview(county(tmp_path, Random(3))).splitlines()
    head = next(n for n, line in enumerate(shown) if line.split()[:2] == ["vaccine", "supply"])
    table = {line.split()[0]: line.split()[1:] for line in shown[head + 1 :] if not line.startswith("    ")}
    assert "    pfizer" in {line[:10] for line in shown[head + 1 :]}
    assert table["4512"] == ["-", "100", "4", "4", "1", "95", "95", "Made-up", "Clinic"]
    assert table["C9"][-1] == "no-supply-told"
    assert table["all"] == ["counties", "-", "160", "4", "6", "1", "95", "154"]
