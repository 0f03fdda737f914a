"""Declared mapping: the `map` of a connector.yaml, compiled once against the event models, then run on every record.

model.py      what one may write (pydantic; docs/connector-yaml.md is made of it)
format.py     what a format is: bytes → records, a path → its values, what of a record its version hangs on
csv_rows.py, hl7_messages.py, json_objects.py, fhir_resources.py (with fhirpath.py): the hub's own formats
parsing.py    text → date, time, number, yes or no, phone, place; or a reason code
codes.py      codes/*.csv: a value that is not in the table stays unmapped, it is never guessed
fields.py     one rule for one field of one event
program.py    all rules of a connector: records → events, with a trace for `try --explain`
"""
