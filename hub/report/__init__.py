"""The report on one source: what it fills, codes, sends late, and what is refused; and what to fix first.

Pure: outcomes go in one by one, counts are kept, a page comes out. No record, no value, nothing of a person is kept or shown.
"""
