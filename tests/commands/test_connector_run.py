"""`hub connector run`: what it refuses before it opens anything."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub.commands.connector_run import run_connector
from hub.config import Settings
from tests.connectors.upload import pantry


@pytest.mark.parametrize("kind", ["upload", "http-push, api_keys: keys"])
def test_an_http_door_is_not_run_where_the_role_has_its_port_and_the_words_say_what_to_stop(
    tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "connectors" / pantry.NAME
    (folder / "codes").mkdir(parents=True)
    (folder / "connector.yaml").write_text(pantry.YAML.replace("kind: upload", f"kind: {kind}"))
    (folder / "codes" / "kinds.csv").write_text(pantry.CODES)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(instance=tmp_path, bootstrap="nowhere:1", ports={"http": port})
        (tmp_path / "settings.json").write_text(json.dumps(json.loads(settings.model_dump_json(exclude={"instance"}))))
        result = CliRunner().invoke(run_connector, [pantry.NAME, "--instance", str(tmp_path)])
    assert result.exit_code == 2
    assert f"port {port}" in result.output
    assert "stop it first" in result.output
