"""`hub bench intake`: the intake beside bare loops, the MLLP door under senders, a large file in constant memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import click

from hub.bench.intake_plan import PARTS
from hub.commands.bench_answers import tell_answer

_FORMATS = ("oru", "vxu", "lab-csv", "lab-fhir", "cvrs", "iis-fhir", "fhir", "supply", "declared-csv", "hmis", "hrsn")


@click.command()
@click.option("--quick", is_flag=True, help="A minute or two: enough to see a change, too little to quote.")
@click.option("--part", "parts", multiple=True, type=click.Choice(PARTS), help="Default: all.")
@click.option("--format", "formats", multiple=True, type=click.Choice(_FORMATS), help="Of the ratios. Default: all.")
@click.option("--messages", type=click.IntRange(100), help="HL7 messages of a round of the ratio [20000].")
@click.option("--rows", type=click.IntRange(100), help="Rows and resources of a round of the other formats [20000].")
@click.option("--enrollments", type=click.IntRange(1), help="Of the HMIS export [100].")
@click.option("--nights", type=click.IntRange(1), help="Bed nights of the HMIS export, in all [36500].")
@click.option("--rounds", type=click.IntRange(1), help="Each ratio is the median of so many [3].")
@click.option(
    "--mllp", type=click.IntRange(100), help="Messages at the MLLP door, each sender waiting for its answer [200000]."
)
@click.option("--pipelined", type=click.IntRange(100), help="Messages at the MLLP door, several unanswered [20000].")
@click.option(
    "--csv-bytes",
    type=click.IntRange(10_000),
    help="Size of the laboratory file; the narrow one has a tenth [1000000000].",
)
@click.option(
    "--hmis-enrollments",
    type=click.IntRange(1),
    help="Of the exports that go through the drop folder of HMIS [100000].",
)
@click.option(
    "--hmis-nights-per",
    multiple=True,
    type=click.IntRange(1, 365),
    help="Bed nights of each enrollment, in rising order [1 11]; 365 is a whole year, hours, and 37 GB of disk.",
)
@click.option("--json", "as_object", is_flag=True, help="Print one JSON object at the end.")
def intake(quick: bool, parts: tuple[str, ...], formats: tuple[str, ...], as_object: bool, **sizes: Any) -> int:
    """Take made-up records in as fast as can be, beside loops that only parse and produce: ratios of one run, one broker.

    Every message and row is confirmed by the broker. Exit code 1 when a figure is under its target.
    """
    from hub.bench.intake import Plan, answers, as_json, run

    plan = Plan.quick() if quick else Plan()
    chosen: dict[str, Any] = {name: size for name, size in sizes.items() if size}
    plan = replace(plan, parts=parts or PARTS, formats=formats, **chosen)
    report = run(plan, lambda line: click.echo(line, err=True))
    if as_object:
        click.echo(json.dumps(as_json(report)))
    else:
        _tell(as_json(report))
    return 0 if all(answer["reached"] for answer in answers(report)) else 1


def _tell(report: dict[str, Any]) -> None:
    click.echo(f"{report['cores']} cores, load {report['load_before']} before the run")
    for each in report["ratios"]:
        click.echo(
            f"{each['format']:<19} {each['hub_per_second']:>9,.0f} records/s, {each['hub_cpu_us']:,.0f} us CPU each; "
            f"{each['bare']} {each['bare_per_second']:,.0f} records/s, {each['bare_cpu_us']:,.0f} us: "
            f"ratio {each['ratio']} (of CPU {each['cpu_ratio']})"
        )
    for each in report["mllp"]:
        click.echo(
            f"{'mllp':<19} {each['per_second']:>9,.0f} messages/s, {each['connections']} connections, {each['window']} unanswered "
            f"on each; p99 {each['p99_ms']} ms; {each['persons']:,} persons; us CPU a message: door {each['door_cpu_us']:,.0f}, "
            f"sender {each['sender_cpu_us']:,.0f}, broker {each['broker_cpu_us']:,.0f}; memory {_memory(each['memory'])}"
        )
    for each in report["csv"]:
        click.echo(
            f"{each['connector']:<19} {each['rows_per_second']:>9,.0f} rows/s of a file of {each['bytes'] / 1e6:,.0f} MB, "
            f"{each['rows']:,} rows; {each['door_cpu_us']:,.0f} us CPU each; memory {_memory(each['memory'])}"
        )
    for each in report["hmis"]:
        click.echo(
            f"{'hmis-csv':<19} {each['rows_per_second']:>9,.0f} rows/s of an export: {each['enrollments']:,} enrollments, "
            f"{each['nights']:,} nights, {each['rows']:,} rows, {each['bytes'] / 1e6:,.0f} MB; "
            f"{each['door_cpu_us']:,.0f} us CPU each; "
            f"csv-and-encode {each['bare_per_second']:,.0f} rows/s, {each['bare_cpu_us']:,.0f} us: ratio {each['ratio']}; "
            f"memory {_memory(each['memory'])}"
        )
    for answer in report["targets"]:
        tell_answer(answer)


def _memory(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not watched"
    tenths = " ".join(f"{size:,.0f}" for size in found["tenths"])
    verdict = "flat" if found["flat"] else "NOT flat"
    return (
        f"{verdict}: MB at every 10 % {tenths}, highest {found['highest']:,.0f}; over the second half {found['rise']:+.1%}, "
        f"{found['slope']:+} MB per 100,000"
    )
