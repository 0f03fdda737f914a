"""The answer to a frame that held a batch or several messages: one acknowledgement each, enveloped as they came.

Under FHS or BHS the answer has FHS/BHS and BTS/FTS of its own, with the sender's control ids in FHS-12/BHS-12; messages that
came without an envelope are answered without one. What the sender asked not to be answered is left out. An empty batch is
answered by one. A count that did not agree is told in BTS-2 or FTS-2 (comment).

Source: HL7 v2.5.1 §2.10.3, §2.15 (BHS, BTS, FHS, FTS).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.formats.hl7v2_envelope import Envelope

__all__ = ["batch_ack"]


def batch_ack(
    envelope: Envelope, answers: Sequence[Sequence[bytes]], *, at: str, control_id: str, comments: Mapping[str, str]
) -> bytes:
    """`answers` holds, for each batch of the envelope, the acknowledgements that were asked for. `comments`: by `BTS`, `FTS`."""
    parts: list[bytes] = []
    if envelope.file is not None:
        parts.append(_header("FHS", envelope.file, at, control_id))
    for number, (batch, said) in enumerate(zip(envelope.batches, answers, strict=True), start=1):
        if batch.header is not None:
            parts.append(_header("BHS", batch.header, at, f"{control_id}-{number}"))
        parts += said
        if batch.header is not None:
            parts.append(_trailer("BTS", batch.header, len(said), comments))
    if envelope.file is not None:
        batches = sum(batch.header is not None for batch in envelope.batches)
        parts.append(_trailer("FTS", envelope.file, batches, comments))
    return b"".join(parts)


def _header(name: str, sent: bytes, at: str, control_id: str) -> bytes:
    field, encoding, fields = _fields(sent)
    application, facility, receiving, receiving_facility, reference = (_at(fields, n) for n in (3, 4, 5, 6, 11))
    return _line(
        field,
        name,
        encoding,
        receiving,
        receiving_facility,
        application,
        facility,
        at,
        "",
        "",
        "",
        control_id,
        reference,
    )


def _trailer(name: str, sent: bytes, count: int, comments: Mapping[str, str]) -> bytes:
    field, _, _ = _fields(sent)
    return _line(field, name, str(count), *([comments[name]] if name in comments else []))


def _fields(sent: bytes) -> tuple[str, str, list[str]]:
    """Field separator, encoding characters and fields of a header; the usual ones where they cannot be."""
    text = sent.decode("utf-8", errors="replace")
    field = text[3:4]
    if not field.isascii() or not field.isprintable() or field.isalnum() or not field.strip():
        return "|", "^~\\&", []
    fields = text.split(field)
    encoding = fields[1] if len(fields) > 1 and 4 <= len(fields[1]) <= 5 else "^~\\&"
    return field, encoding, fields


def _at(fields: Sequence[str], number: int) -> str:
    """BHS-`number`: the field separator itself is BHS-1."""
    return fields[number - 1] if number <= len(fields) else ""


def _line(field: str, *parts: str) -> bytes:
    return (field.join(parts) + "\r").encode()
