"""Declared mapping: the `map` of a connector.yaml, compiled once against the event models, then run on every record.

model.py    what one may write (pydantic; docs/connector-yaml.md is made of it)
records.py  bytes → records: CSV rows, HL7 v2 messages or their segments, JSON objects, FHIR resources
paths.py    a path as people of the format write it → the values it finds
parsing.py  text → date, time, number, yes or no, phone, place; or a reason code
codes.py    codes/*.csv: a value that is not in the table stays unmapped, it is never guessed
fields.py   one rule for one field of one event
program.py  all rules of a connector: records → events, with a trace for `try --explain`
"""
