"""The registry's tables. Plain SQL that PostgreSQL reads too but for AUTOINCREMENT and json_each (see registry_sql.py).

No identifier stands here in the clear: tokens and match keys are keyed hashes, local ids and outbox values are sealed.
"""

from __future__ import annotations

__all__ = ["SCHEMA", "SCHEMA_VERSION"]

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS person (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of creation: the oldest key survives a merge
    person_key  TEXT NOT NULL UNIQUE,               -- minted at random, never computed from a person's data
    merged_into TEXT                                -- the key that took over its source persons
);
CREATE TABLE IF NOT EXISTS source_person (
    token         TEXT PRIMARY KEY,                 -- HMAC(source, local id)
    source        TEXT NOT NULL,
    person_key    TEXT NOT NULL,                    -- whom it belongs to now
    link_revision INTEGER NOT NULL,                 -- rises by one with every move
    match_key     TEXT,                             -- keyed hash of normalised name and birth date; NULL: stays alone
    block_version TEXT,                             -- of the block that decided, as a JSON array
    local_id      BLOB                              -- sealed under the person's own data key
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS source_person_by_person ON source_person (person_key);
CREATE INDEX IF NOT EXISTS source_person_by_match ON source_person (match_key) WHERE match_key IS NOT NULL;
CREATE TABLE IF NOT EXISTS decision (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    kind       TEXT NOT NULL CHECK (kind IN ('create', 'link', 'merge', 'split')),
    person_key TEXT NOT NULL,
    evidence   TEXT NOT NULL,                       -- codes, as a JSON array
    model      TEXT NOT NULL,
    actor      TEXT NOT NULL,
    moved      TEXT NOT NULL,                       -- source persons, as a JSON array
    before     TEXT,                                -- their person_key before, NULL: none
    after      TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS told (
    fact_key      TEXT NOT NULL,                    -- of a laboratory result or a dose: what may move to another person
    source_person TEXT NOT NULL,                    -- whom it was told of
    took          TEXT,                             -- newest version by which they took it from others, as JSON; NULL: none
    PRIMARY KEY (fact_key, source_person)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outbox (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,    -- order of publishing
    topic     TEXT NOT NULL,
    key       BLOB,
    partition INTEGER,                              -- NULL: murmur2 of the key
    value     BLOB,                                 -- sealed
    headers   TEXT NOT NULL                         -- JSON array of [name, value]
);
"""
