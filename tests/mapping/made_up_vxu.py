"""VXU messages of made-up people."""

from __future__ import annotations

__all__ = ["PID", "orc", "rxa", "vxu"]

PID = (
    "PID|1||M1^^^ALDMR^MR||Example^Ana^^^^^L||19840615|F||2106-3^White^CDCREC~2054-5^Black^CDCREC|"
    "5 Oak Street^^Alderton^TN^37201^USA^L^^47037|||||||||||2135-2^Hispanic^CDCREC"
)
PFIZER = "208^Pfizer 30 mcg^CVX"


def orc(number: str = "9001^ALDEHR") -> str:
    return f"ORC|RE||{number}"


def rxa(
    on: str = "20210120",
    vaccine: str = PFIZER,
    *,
    source: str = "00^New^NIP001",
    refusal: str = "",
    completion: str = "CP",
    action: str = "A",
    at: str = "",
) -> str:
    fields = [""] * 22
    fields[:6] = ["RXA", "0", "1", on, on, vaccine]
    fields[11] = at
    fields[9], fields[18], fields[20], fields[21] = source, refusal, completion, action
    return "|".join(fields)


def vxu(
    *segments: str,
    at: str = "20210301120000-0600",
    kind: str = "VXU^V04^VXU_V04",
    processing: str = "P",
    version: str = "2.5.1",
    profile: str = "",
    pid: str = PID,
    end: str = "\r",
) -> bytes:
    """One message; without `segments` with one dose."""
    msh = f"MSH|^~\\&|EHR|ALDERTON CLINIC|IIS|STATE|{at}||{kind}|{at}|{processing}|{version}|||ER|AL|||||{profile}"
    lines = [msh, *([pid] if pid else []), *(segments or (orc(), rxa()))]
    return (end.join(lines) + end).encode()
