"""The upload door: a page on which people without an IT team check, send and take back a list.

door.py ties the loop of intake to the pages; check.py reads a file row by row; store.py keeps what was sent, sealed;
access.py knows who may sign in; words.py holds every text, pages.py every page, markup.py the only way to write HTML.
"""
