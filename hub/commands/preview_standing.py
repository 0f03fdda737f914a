"""The lines of `hub preview` about what stands on the day: needs (how urgent, until when, why), and sites with their beds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from hub.domain.housing import Housed
from hub.domain.needs import SupportNeed

__all__ = ["housing_words", "needs_words", "sites_words"]


def needs_words(needs: Sequence[SupportNeed]) -> Iterator[str]:
    """A line for each support and state; reasons are what is lacking, never a diagnosis, and no person stands in it."""
    by_kind: dict[tuple[str, str], list[SupportNeed]] = {}
    for need in needs:
        by_kind.setdefault((need.support, need.state), []).append(need)
    for (support, state), some in sorted(by_kind.items()):
        urgency: Counter[str] = Counter(need.urgency for need in some)
        reasons = Counter(reason for need in some for reason in need.reasons)
        told = [_counted(urgency), _until([need.until for need in some if need.until]), _counted(reasons)]
        about = "; ".join(part for part in told if part)
        yield f"  {len(some):8,}  {'need' if len(some) == 1 else 'needs'} for {support}: {state} ({about})"


def sites_words(sites: Sequence[Mapping[str, Any]], tallies: Mapping[str, int]) -> Iterator[str]:
    """A line for each site of which somebody told beds or people; then those of which only people are known, as bed lists do."""
    for site in sites:
        if site["beds"] is not None or site["present"] or site["last_seen"]:
            beds = f"of {site['beds']} beds, free {_free(site)}" if site["beds"] is not None else "beds not told"
            there = _there(site["present"], site["last_seen"])
            yield _line(there, f" {beds}" if site["beds"] is not None else f", {beds}", site["site_kind"], site["site"])
    known = {str(site["site"]) for site in sites}
    for (token, kind), people in sorted(_people(tallies).items()):
        if token not in known:
            yield _line(_there(people["present"], people["last-seen"]), ", beds not told", kind, token)


def housing_words(housing: Housed) -> Iterator[str]:
    """How people live by the latest word on each, what contradicts it, and how many are known to be somewhere that night."""
    known = housing.status.total()
    if known:
        old = f" ({housing.older_than_30_d:,} by a word older than 30 days)" if housing.older_than_30_d else ""
        yield f"  {known:8,}  {'person' if known == 1 else 'people'} by housing status: {_counted(housing.status)}{old}"
    for both, count in sorted(housing.contradicted.items()):
        stands, _, told = both.partition("|")
        yield f"  {count:8,}  of them {stands}, and {told} told of the same day"
    if housing.present or housing.last_seen:
        yield f"  {housing.present:8,}  at a site that night" + (
            f", {housing.last_seen:,} last seen at one" if housing.last_seen else ""
        )


def _line(there: str, beds: str, kind: str, token: str) -> str:
    return f"  {'':8}  site {token[:6]}… ({kind}): {there}{beds}"


def _people(tallies: Mapping[str, int]) -> dict[tuple[str, str], Counter[str]]:
    """Who is counted at each site, by its token and kind (hub.domain.contributions: `present|TOKEN|site|KIND`)."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for name, count in tallies.items():
        indicator, token, dimension, kind = [*name.split("|"), "", "", ""][:4]
        if indicator in ("present", "last-seen") and dimension == "site" and count:
            found.setdefault((token, kind), Counter())[indicator] += count
    return found


def _there(present: int, last_seen: int) -> str:
    return f"{present:,} present" + (f", {last_seen:,} last seen" if last_seen else "")


def _free(site: Mapping[str, Any]) -> str:
    number = "unknown" if site["free"] is None else f"{site['free']:,}"
    if site["unknown"] == "rows-not-read":
        number = f"{site['at_least']:,} to {site['at_most']:,}: rows could not be read"
    if site["known_as_of"] is None:
        return number
    return f"{number} (known as of {site['known_as_of']}{'' if site['current'] else ', out of date'})"


def _until(days: Sequence[date]) -> str:
    if not days:
        return ""
    first, last = min(days), max(days)
    return f"until {first}" + (f" to {last}" if last != first else "")


def _counted(some: Counter[str]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in sorted(some.items(), key=lambda each: (-each[1], each[0])))
