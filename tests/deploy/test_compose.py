"""docker-compose.yml cannot be started here; what it promises can be read from it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.bus.jars import KAFKA_VERSION
from hub.config import ROLES, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HUB = {name: service for name, service in SERVICES.items() if service["image"].startswith("hub:")}

each_service = pytest.mark.parametrize("name", sorted(SERVICES))


@each_service
def test_nobody_is_root_and_nothing_can_be_gained(name: str) -> None:
    service = SERVICES[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.keys() & {"privileged", "cap_add", "pid", "network_mode", "devices"}


@each_service
def test_the_root_file_system_is_read_only_and_tags_are_pinned(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert re.fullmatch(r".+:v?\d+\.\d+(\.\d+)?(-\w+)?", service["image"])


@each_service
def test_a_service_stands_in_a_network_says_how_it_is_and_limits_its_log(name: str) -> None:
    service = SERVICES[name]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert "healthcheck" in service
    assert "max-size" in service["logging"]["options"]


@each_service
def test_no_secret_stands_in_the_environment(name: str) -> None:
    for key in SERVICES[name].get("environment", {}):
        assert not re.search(r"PASSWORD|SECRET|TOKEN|_KEY", key) or key.endswith("_FILE")


def test_secrets_are_files_and_every_hub_process_has_its_keys() -> None:
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in HUB.values():
        assert [s["target"] for s in service["secrets"]] == ["/var/lib/hub/secrets/kek", "/var/lib/hub/secrets/hmac"]


def test_every_role_but_the_registry_runs_from_one_image() -> None:
    roles = {service["command"][1] for service in HUB.values() if service["command"][0] == "run"}
    assert roles == set(ROLES) - {"registry"}  # Karapace is the registry there
    assert len({service["image"] for service in HUB.values()}) == 1


def test_only_doors_and_the_console_are_published_and_only_on_this_machine_by_default() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"connectors", "prometheus"}
    for ports in published.values():
        assert all(port.startswith(("127.0.0.1:", "${HUB_DOORS_ADDRESS:-127.0.0.1}:")) for port in ports)
    assert COMPOSE["networks"]["bus"]["internal"] is True


def test_the_broker_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{KAFKA_VERSION}"
    assert SERVICES["kafka"]["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_the_settings_file_is_one_the_hub_reads_and_names_the_published_door() -> None:
    settings = Settings.model_validate(
        {"instance": "/var/lib/hub", **json.loads((ROOT / "deploy" / "settings.json").read_text())}
    )
    assert SERVICES["connectors"]["ports"][0].endswith(f":{settings.port('lab-elr-hl7v2')}")
    assert SERVICES["connectors"]["ports"][1].endswith(f":{settings.port('iis-vxu')}")


def test_the_image_is_built_in_stages_from_the_lock_and_runs_as_nobody() -> None:
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    stages = re.findall(r"^FROM (\S+)", text, re.M)
    assert len(stages) == 2
    assert all(re.search(r":\d+\.\d+\.\d+", stage) for stage in stages)
    assert "--require-hashes -r requirements.lock" in text
    assert re.findall(r"^USER (\S+)", text, re.M) == ["10001:10001"]


def test_prometheus_asks_every_process_and_each_alert_says_what_to_do() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text())
    targets = config["scrape_configs"][0]["static_configs"][0]["targets"]
    assert {target.split(":")[0] for target in targets} == set(ROLES) - {"registry"}
    for rules in config["rule_files"]:
        for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / rules).read_text())["groups"]:
            for rule in group["rules"]:
                assert {"summary", "impact", "check"} <= set(rule["annotations"]), rule["alert"]
                assert rule["labels"]["severity"] in ("page", "ticket", "none")


def test_alerts_ask_for_metrics_that_the_hub_has() -> None:
    from hub.ops.metrics import REGISTRY

    known = {name for family in REGISTRY.collect() for name in (family.name, f"{family.name}_total")}
    asked = set(re.findall(r"\bhub_\w+", (ROOT / "deploy" / "prometheus" / "hub-alerts.yml").read_text()))
    assert asked <= known
