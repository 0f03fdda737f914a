"""Bytes to records, pure: MLLP frames, HL7 v2, FHIR JSON, delimited tables, HMIS folders.

Imports nothing of ours, raises nothing but `ParseError`, and never puts a value of the input into an error.
"""
