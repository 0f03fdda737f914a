"""`hub connector try` over the made-up laboratory files: one JSON object a record, and an exit code, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.commands.connector import connector
from tests.mapping.test_labs_unseen_csv import FILES as TABLES
from tests.mapping.test_labs_unseen_messages import FILES as MESSAGES

CORPUS: list[tuple[str, str, Mapping[str, Any]]] = [("lab-elr-hl7v2", ".hl7", MESSAGES), ("lab-csv", ".csv", TABLES)]


@pytest.mark.parametrize(("name", "ending", "corpus"), CORPUS, ids=[row[0] for row in CORPUS])
def test_every_made_up_file_is_tried_and_each_record_told(
    name: str, ending: str, corpus: Mapping[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for number, (content, _) in enumerate(corpus.values()):
        (folder / f"{number:03}{ending}").write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ["try", "--instance", str(tmp_path / "instance"), name, str(folder), "--json"]
    done = CliRunner().invoke(connector, arguments, catch_exceptions=False)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1  # some of them are rejected, on purpose
    assert len({record["where"]["file"] for record in records}) == len(corpus)
    told = [f"{event['meaning']} {event['status']}" for record in records if (event := record.get("event"))]
    assert told == [result for _, expected in corpus.values() for result in expected.results]
