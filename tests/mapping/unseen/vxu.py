"""VXU, answers, queries, acknowledgements and stray messages, in the style of clinics, pharmacies, registries and test kits."""

from __future__ import annotations

from tests.mapping.made_up_vxu import PID, orc, rxa, vxu
from tests.mapping.unseen.telling import Case

__all__ = ["CASES", "ack", "answer"]

_FLU = "140^Influenza, seasonal^CVX"
_NONE = "998^no vaccine administered^CVX"
_OLD_PID = "PID|||M7^^^^SR||EXAMPLE^ANA||19840615|F||||||5551234"


def obx(code: str, value: str, kind: str = "CE", number: int = 1) -> str:
    return f"OBX|{number}|{kind}|{code}^x^LN|1|{value}||||||F|||20210120"


def answer(profile: str, *segments: str, status: str = "OK", pid: str = PID, kind: str = "RSP^K11^RSP_K11") -> bytes:
    """A registry's answer to a query."""
    msh = f"MSH|^~\\&|IIS|STATE|EHR|ALDERTON CLINIC|20210401||{kind}|R1|P|2.5.1|||NE|NE|||||{profile}"
    asked = (
        "Z44^Request Evaluated History^CDCPHINVS"
        if profile.startswith("Z42")
        else "Z34^Request Immunization History^CDCPHINVS"
    )
    lines = [
        msh,
        "MSA|AA|Q1",
        f"QAK|Q1|{status}|{asked}",
        f"QPD|{asked}|Q1|M1^^^ALDMR^MR",
        *([pid] if pid else []),
        *segments,
    ]
    return ("\r".join(lines) + "\r").encode()


def ack(code: str = "AA", error: str = "", kind: str = "ACK^V04^ACK") -> bytes:
    """An acknowledgement."""
    lines = [
        f"MSH|^~\\&|IIS|STATE|EHR|CLINIC|20210301||{kind}|A1|P|2.5.1",
        f"MSA|{code}|7",
        *([error] if error else []),
    ]
    return ("\r".join(lines) + "\r").encode()


_QUERY = (
    b"MSH|^~\\&|EHR|CLINIC|IIS|STATE|20210301||QBP^Q11^QBP_Q11|Q1|P|2.5.1|||ER|AL|||||Z34^CDCPHINVS\r"
    b"QPD|Z34^Request Immunization History^CDCPHINVS|Q1|M1^^^ALDMR^MR|Example^Ana|Maiden^Mother|19840615|F\r"
    b"RCP|I|5^RD&Records&HL70126\r"
)
_ADT = (
    b"MSH|^~\\&|EHR|CLINIC|IIS|STATE|20210301||ADT^A04^ADT_A01|D1|P|2.5.1\rEVN|A04|20210301\r"
    b"PID|1||M1^^^ALDMR^MR||Example^Ana||19840615|F\r"
)
_ORU = b"MSH|^~\\&|EHR|CLINIC|IIS|STATE|20210301||ORU^R01|D2|P|2.5.1\rPID|1||M1\rOBR|1\r" + (
    b"OBX|1|CE|94500-6^x^LN||260373001^x^SCT||||||F\r"
)
_FORECAST = (
    "ORC|RE||9999",
    rxa("20210401", _NONE, source="", completion="NA"),
    obx("30956-7", "208^COVID-19^CVX"),
    obx("30980-7", "20210420", "DT"),
    obx("59783-1", "LA13422-3^On schedule^LN"),
)
_GIVEN = "administered 208 covid"


def batch(*messages: bytes, said: int | None = None) -> bytes:
    count = len(messages) if said is None else said
    return b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + b"".join(messages) + f"BTS|{count}\rFTS|1\r".encode()


CASES = (
    # versions and shapes
    Case.of("plain", vxu(), _GIVEN),
    *(
        Case.of(f"version-{version}", vxu(version=version, kind="VXU^V04"), _GIVEN)
        for version in ("2.3.1", "2.4", "2.5", "2.6", "2.8")
    ),
    Case.of("version-with-empty-components", vxu(version="2.4^^"), _GIVEN),
    Case.of("type-without-event", vxu(kind="VXU"), _GIVEN),
    Case.of("profile-z22", vxu(profile="Z22^CDCPHINVS"), _GIVEN),
    Case.of("lf-ends", vxu(end="\n"), _GIVEN),
    Case.of("crlf-ends", vxu(end="\r\n"), _GIVEN),
    Case.of("crlf-and-blank-lines", vxu(end="\r\n\r\n"), _GIVEN),
    Case.of("bom", b"\xef\xbb\xbf" + vxu(), _GIVEN),
    Case.of("latin-1", vxu(pid=PID.replace("Example", "Exámple")).decode().encode("latin-1"), _GIVEN),
    Case.of("no-orc", vxu(rxa()), _GIVEN),
    Case.of("orc-without-rxa", vxu(orc(), orc("9002^ALDEHR"), rxa()), "ignored order-without-dose", _GIVEN),
    Case.of("no-rxr", vxu(orc(), rxa()), _GIVEN),
    Case.of(
        "with-pd1-nk1-pv1-rxr",
        vxu(
            "PD1||||||||||||N|20210120|||A|20210120",
            "NK1|1|Example^Rosa^^^^^L|GRD^Guardian^HL70063",
            "PV1|1|R||||||||||||||||||V02^20210120",
            orc(),
            rxa(),
            "RXR|C28161^IM^NCIT|LD^^HL70163",
            obx("64994-7", "V01^Not VFC^HL70064"),
        ),
        _GIVEN,
    ),
    Case.of("several-rxa-under-one-orc", vxu(orc(), rxa(), rxa("20210215")), _GIVEN, _GIVEN),
    Case.of(
        "several-orders",
        vxu(orc(), rxa(), orc("9002^ALDEHR"), rxa("20210215"), orc("9003^ALDEHR"), rxa("20201001", _FLU)),
        _GIVEN,
        _GIVEN,
        "administered 140",
    ),
    Case.of("same-order-number-for-all", vxu(orc(), rxa(), orc(), rxa("20210215")), _GIVEN, _GIVEN),
    Case.of(
        "maiden-name-repeats", vxu(pid=PID.replace("Example^Ana^^^^^L", "Example^Ana^^^^^L~Former^Ana^^^^^M")), _GIVEN
    ),
    Case.of(
        "name-withheld",
        vxu(pid=PID.replace("Example^Ana^^^^^L", "~^^^^^^S").replace("19840615", "")),
        _GIVEN + " nobody",
    ),
    Case.of("no-id-but-name-and-birth-date", vxu(pid=PID.replace("M1^^^ALDMR^MR", "")), _GIVEN),
    Case.of(
        "no-id-and-no-birth-date", vxu(pid=PID.replace("M1^^^ALDMR^MR", "").replace("19840615", "")), _GIVEN + " nobody"
    ),
    Case.of("old-pid", vxu(pid=_OLD_PID, version="2.3.1"), _GIVEN),
    Case.of("no-pid", vxu(pid=""), "rejected no-patient"),
    Case.of("two-pids", vxu(PID, orc(), rxa()), "rejected several-patients"),
    Case.of("demographics-only", vxu("NK1|1|Example^Rosa"), "ignored no-dose-reported"),
    Case.of("version-3", vxu(version="3.0"), "rejected unsupported-version"),
    # vaccines as they are coded
    Case.of("cvx-and-cpt", vxu(orc(), rxa(vaccine="208^COVID-19^CVX^91300^Pfizer^CPT")), _GIVEN),
    Case.of("cpt-and-cvx", vxu(orc(), rxa(vaccine="91300^Pfizer^C4^208^COVID-19^CVX")), _GIVEN),
    Case.of("local-and-cvx", vxu(orc(), rxa(vaccine="COVPFI^Pfizer^L^208^COVID-19^CVX")), _GIVEN),
    Case.of("cvx-and-ndc", vxu(orc(), rxa(vaccine="208^COVID-19^CVX^59267-1000-1^Pfizer^NDC")), _GIVEN),
    Case.of("cvx-in-lower-case", vxu(orc(), rxa(vaccine="208^COVID-19^cvx")), _GIVEN),
    Case.of("cvx-by-table-number", vxu(orc(), rxa(vaccine="208^COVID-19^HL70292")), _GIVEN),
    Case.of("cvx-by-number-alone", vxu(orc(), rxa(vaccine="208^COVID-19^292")), _GIVEN),
    Case.of("cvx-by-oid", vxu(orc(), rxa(vaccine="208^COVID-19^2.16.840.1.113883.12.292")), _GIVEN),
    Case.of("cvx-without-a-system", vxu(orc(), rxa(vaccine="208^COVID-19")), _GIVEN),
    Case.of("cvx-with-leading-zero", vxu(orc(), rxa(vaccine="0208^COVID-19^CVX")), _GIVEN),
    Case.of("cvx-008", vxu(orc(), rxa(vaccine="008^HepB^CVX")), "administered 08"),
    Case.of("cvx-8", vxu(orc(), rxa(vaccine="8^HepB^CVX")), "administered 08"),
    Case.of("ndc-only-10", vxu(orc(), rxa(vaccine="59267-1000-1^Pfizer^NDC")), _GIVEN),
    Case.of("ndc-only-11", vxu(orc(), rxa(vaccine="59267-1000-01^Pfizer^NDC")), _GIVEN),
    Case.of("ndc-only-plain", vxu(orc(), rxa(vaccine="59267100001^Pfizer^NDC")), _GIVEN),
    Case.of("ndc-unknown", vxu(orc(), rxa(vaccine="12345-6789-01^COVID-19 vaccine^NDC")), "administered 12345-6789-01"),
    Case.of("cpt-only", vxu(orc(), rxa(vaccine="91300^COVID-19 Pfizer^C4")), "administered -"),
    Case.of("words-only", vxu(orc(), rxa(vaccine="^COVID-19 Pfizer")), "administered -"),
    Case.of("no-vaccine-at-all", vxu(orc(), rxa(vaccine="")), "administered -"),
    Case.of("unknown-cvx", vxu(orc(), rxa(vaccine="777^COVID-19^CVX")), "administered 777"),
    Case.of("unspecified", vxu(orc(), rxa(vaccine="213^SARS-COV-2, UNSPECIFIED^CVX")), "administered 213 covid"),
    Case.of("abroad", vxu(orc(), rxa(vaccine="511^Sinovac^CVX")), "administered 511 covid"),
    Case.of("substitute-is-anthrax", vxu(orc(), rxa(vaccine="24^COVID-19-Substitute^CVX")), "administered 24"),
    Case.of("flu", vxu(orc(), rxa(vaccine=_FLU)), "administered 140"),
    Case.of(
        "unknown-code-of-a-covid-type",
        vxu(orc(), rxa(vaccine="777^New^CVX"), obx("30956-7", "213^COVID-19^CVX")),
        "administered 777 covid",
    ),
    # what became of it
    Case.of("historical", vxu(orc(), rxa(source="01^Historical^NIP001")), _GIVEN + " historical"),
    Case.of("historical-from-parent", vxu(orc(), rxa(source="04^Parent^NIP001")), _GIVEN + " historical"),
    Case.of("registry-id-in-source", vxu(rxa(source="00^New^NIP001~77^REG^IMM_ID")), _GIVEN),
    Case.of("completion-empty", vxu(orc(), rxa(completion="")), _GIVEN),
    Case.of("partial", vxu(orc(), rxa(completion="PA")), _GIVEN),
    Case.of(
        "refused",
        vxu("ORC|RE||9999^ALDEHR", rxa(refusal="00^Parental decision^NIP002", completion="RE")),
        "refused 208 covid",
    ),
    Case.of(
        "refused-by-patient",
        vxu(orc(), rxa(refusal="03^Patient decision^NIP002", completion="RE")),
        "refused 208 covid",
    ),
    Case.of(
        "refusal-without-status", vxu(orc(), rxa(refusal="01^Religious^NIP002", completion="")), "refused 208 covid"
    ),
    Case.of(
        "deferred",
        vxu("ORC|RE||9999", rxa(completion="NA"), obx("30945-0", "VXC23^fever^CDCPHINVS")),
        "not-administered 208 covid",
    ),
    Case.of(
        "history-of-disease",
        vxu("ORC|RE||9999", rxa(vaccine=_NONE, completion="NA"), obx("59784-9", "840539006^COVID-19^SCT")),
        "not-administered 998",
    ),
    Case.of(
        "serology-instead-of-dose",
        vxu("ORC|RE||9999", rxa(vaccine=_NONE, completion="NA"), obx("75505-8", "840535000^x^SCT")),
        "not-administered 998",
    ),
    Case.of("998-without-status", vxu("ORC|RE||9999", rxa(vaccine=_NONE, completion="")), "not-administered 998"),
    Case.of("998-said-complete", vxu(orc(), rxa(vaccine=_NONE, completion="CP")), "not-administered 998"),
    Case.of("forecast", vxu(orc(), rxa(), *_FORECAST), _GIVEN, "not-administered 998"),
    Case.of("update", vxu(orc(), rxa(action="U")), _GIVEN),
    Case.of("delete", vxu(orc(), rxa(action="D")), "withdrawn 208 covid"),
    Case.of("delete-with-nonsense-date", vxu(orc(), rxa("99999999", action="D")), "withdrawn 208 covid"),
    Case.of("no-change", vxu(orc(), rxa(action="X")), _GIVEN),
    Case.of("action-empty", vxu(orc(), rxa(action="")), _GIVEN),
    Case.of("completion-nonsense", vxu(orc(), rxa(completion="ZZ")), "not-administered 208 covid"),
    Case.of(
        "dose-number-and-vis",
        vxu(
            orc(),
            rxa(),
            obx("30973-2", "2", "NM"),
            obx("69764-9", "253088698300028811210505^VIS^cdcgs1vis"),
            obx("29769-7", "20210120", "TS"),
            obx("30963-3", "VXC50^Public^CDCPHINVS"),
        ),
        _GIVEN,
    ),
    # days that cannot be
    Case.of("before-the-first-vaccine", vxu(orc(), rxa("20200110")), "rejected dose-before-first-vaccine"),
    Case.of("before-birth", vxu(orc(), rxa("19790101", _FLU)), "rejected dose-before-birth"),
    Case.of("month-only", vxu(orc(), rxa("202101")), _GIVEN + " historical"),
    Case.of("no-date", vxu(orc(), rxa("")), "rejected bad-date"),
    Case.of("thirtieth-of-february", vxu(orc(), rxa("20210230")), "rejected bad-date"),
    Case.of("time-of-day", vxu(orc(), rxa("20210120143000-0600")), _GIVEN),
    Case.of("one-bad-of-two", vxu(orc(), rxa("20210230"), orc("9002"), rxa()), "rejected bad-date", _GIVEN),
    # registries' answers
    Case.of("z32-history", answer("Z32^CDCPHINVS", orc(), rxa(source="01^Historical^NIP001")), _GIVEN + " historical"),
    Case.of("z42-with-forecast", answer("Z42^CDCPHINVS", orc(), rxa(), *_FORECAST), _GIVEN, "not-administered 998"),
    Case.of("z31-candidates", answer("Z31^CDCPHINVS", PID.replace("M1", "M2")), "ignored several-candidates"),
    Case.of("z31-with-one-candidate-and-doses", answer("Z31^CDCPHINVS", orc(), rxa()), "ignored several-candidates"),
    Case.of("z33-none", answer("Z33^CDCPHINVS", status="NF", pid=""), "ignored no-candidate"),
    Case.of("too-many", answer("Z33^CDCPHINVS", status="TM", pid=""), "ignored several-candidates"),
    Case.of("z32-that-says-too-many", answer("Z32^CDCPHINVS", orc(), rxa(), status="TM"), "ignored several-candidates"),
    Case.of("answer-with-error", answer("", status="AE", pid=""), "ignored no-candidate"),
    Case.of("answer-without-profile", answer("", orc(), rxa()), _GIVEN),
    Case.of("old-history-answer", answer("", orc(), rxa(), kind="VXR^V03"), _GIVEN),
    Case.of("old-candidates", answer("", PID.replace("M1", "M2"), kind="VXX^V02"), "ignored several-candidates"),
    Case.of("old-query", _QUERY.replace(b"QBP^Q11^QBP_Q11", b"VXQ^V01"), "ignored not-an-immunization"),
    # acknowledgements and strangers
    Case.of("ack-aa", ack(), "ignored acknowledgement"),
    Case.of("ack-ae", ack("AE", "ERR||PID^1^11^5|999^Application error^HL70357|E"), "ignored acknowledgement"),
    Case.of("ack-ar", ack("AR", "ERR|||203^Unsupported version^HL70357|E"), "ignored acknowledgement"),
    Case.of("ack-with-a-pid-and-a-dose", ack() + rxa().encode() + b"\r", "ignored acknowledgement"),
    Case.of("ack-of-old-kind", ack(kind="ACK"), "ignored acknowledgement"),
    Case.of("query", _QUERY, "ignored not-an-immunization"),
    Case.of(
        "mixed-file",
        vxu() + ack() + _QUERY + answer("Z31^CDCPHINVS", PID) + _ADT + vxu(orc("9002^ALDEHR"), rxa("20210215")) + _ORU,
        _GIVEN,
        "ignored acknowledgement",
        "ignored not-an-immunization",
        "ignored several-candidates",
        "ignored not-an-immunization",
        _GIVEN,
        "ignored not-an-immunization",
    ),
    Case.of("batch", batch(vxu(), vxu(orc("9002^ALDEHR"), rxa("20210215"))), _GIVEN, _GIVEN),
    Case.of("batch-miscounted", batch(vxu(), said=3), _GIVEN, "rejected batch-count-mismatch"),
    Case.of("training", vxu(processing="T"), _GIVEN + " test"),
    Case.of("not-hl7", "vax_event_id\text_type\n1\tD\n", "rejected no-msh"),
)
