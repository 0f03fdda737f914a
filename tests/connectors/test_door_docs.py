"""The samples of the connector README are loaded as written, and their doors open."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest
import trustme
import yaml
from joserfc.jwk import RSAKey

from hub.connectors import doors
from hub.connectors.catalog import SHIPPED, load
from tests.connectors.pulling import around_of

SAMPLES = re.findall(r"```yaml\n(name: .*?)```", (SHIPPED / "README.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.split("\n", 1)[0] for sample in SAMPLES])
def test_a_sample_of_the_readme_is_a_connector_whose_door_opens(sample: str, tmp_path: Path) -> None:
    name = yaml.safe_load(sample)["name"]
    (tmp_path / name).mkdir()
    (tmp_path / name / "connector.yaml").write_text(sample)
    connector = load([tmp_path])[name]

    async def scene() -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")
        authority = trustme.CA()
        ours = authority.issue_cert("hub.example.org")
        secrets = {
            "client-secret": "made-up", "database-url": "sqlite:////made/up.db", "private-key": key.export_private_key().decode(),
            "api-keys": "a made-up key of a made-up sender", "webhook-keys": "whsec_" + "bWFkZSB1cCAh" * 4,
            "certificate.pem": ours.cert_chain_pems[0].bytes().decode(), "key.pem": ours.private_key_pem.bytes().decode(),
            "client-authorities.pem": authority.cert_pem.bytes().decode(),
            "ca.pem": authority.cert_pem.bytes().decode(),
            "signing-key.pem": RSAKey.generate_key(2048).as_pem(private=True).decode(),
            "known-hosts": f"sftp.tracing.example.org {key.export_public_key().decode()}",
        }  # fmt: skip
        around = replace(around_of(tmp_path, None, **secrets), format=connector.source.format)
        door = doors.build(connector.door, around)
        await door.open()
        await door.close()

    asyncio.run(scene())


def test_every_shipped_kind_that_fetches_has_a_sample() -> None:
    shown = {yaml.safe_load(sample)["door"]["kind"] for sample in SAMPLES}
    kinds = {name: found.section for name, found in doors.discover().items() if found.section is not None}
    assert {name for name, section in kinds.items() if section.model_construct(kind=name).remembers} <= shown
