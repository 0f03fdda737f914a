"""What is done about dead letters and about records whose code table changed: read the originals again with today's
mapping under today's agreement, show the difference, publish what is missing.

    letters.py   dead letters as they stand now: each once, open or closed, filtered and counted
    drive.py     judge each, publish what its connector would have published, mark it
    remap.py     the same for records that became events, with a higher mapping version where the outcome changed
    reasons.py   what each reason code means and what to do (reasons.csv)

Reading, opening, publishing and the clock are handed in (hub/wiring_rejected.py).
"""
