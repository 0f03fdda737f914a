"""A stack that only takes data in, with made-up connectors that tests write, edit and break; and eyes on what became of it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from click.testing import CliRunner, Result

from hub.bus.codec import Codec
from hub.bus.consumer import read_to_end
from hub.bus.schema_registry import SchemaIds
from hub.bus.topics import TOPICS, intake_topic
from hub.commands.connector import connector
from hub.commands.connector_role import connectors_page
from hub.config import load_settings
from hub.privacy.agreements import EXAMPLES
from hub.supervisor import Stack
from hub.wiring_bus import prepare

__all__ = ["FOOD", "LAB", "Intake", "JsonSource", "Pages", "Rows", "boxes"]

LAB = "lab-elr-hl7v2"
FOOD = "food-assistance"
_CODES = "source_value,system,target_code,status,note\nBOX,,pantry,mapped,\nDELIV,,meal-delivery,mapped,\n"
_MAP = """
identity: {{id: guest, authority: {{value: {name}}}, block: {{given_name: first}}}}
dedupe: [guest, day]
emits: [food-assistance]
map:
  - event: food-assistance
    occurred_on: {{from: day, format: "%Y-%m-%d", required: true}}
    changed_at: {{from: changed, format: iso}}
    fields:
      program: {{from: kind, codes: kinds}}
      enrolled: {{value: "yes"}}
      delivered: {{value: true}}
"""
_AGREEMENT = """
kind: intake
agreement_id: made-up-{name}
connector: {name}
discloser: A pantry that does not exist
recipient: County health department
basis: made up
valid_from: 2020-01-01
valid_until: 2035-12-31
purposes: [isolation-support]
labels: [N]
retention_days: 30
person_block: [given_name, local_id]
events:
  food-assistance: [program, enrolled, delivered]
"""


class Intake:
    """The broker, the registry and the role `connectors` of an instance, in processes that may be killed."""

    def __init__(self, instance: Path) -> None:
        self.instance = instance
        (instance / "agreements").mkdir(parents=True)
        self._idle = threading.Event()
        self.stack = Stack(instance, prepare=prepare)

    def lab(self) -> None:
        shutil.copy(EXAMPLES / f"{LAB}.yaml", self.instance / "agreements")

    def write(self, name: str, door: str, format: str = "csv") -> Path:
        """A connector with its codes and its agreement; the path of its connector.yaml."""
        folder = self.instance / "connectors" / name
        (folder / "codes").mkdir(parents=True)
        (folder / "codes" / "kinds.csv").write_text(_CODES)
        each = ', each: "items[]"' if format == "json" else ""
        source = f"source: {{sector: food, format: {format}, standard: made up{each}}}\n"
        text = f"name: {name}\ntitle: A made-up pantry\n{source}door: {door}\n"
        (folder / "connector.yaml").write_text(text + _MAP.format(name=name))
        (self.instance / "agreements" / f"{name}.yaml").write_text(_AGREEMENT.format(name=name))
        return folder / "connector.yaml"

    def secret(self, connector: str, name: str, value: str) -> None:
        folder = self.instance / "secrets" / connector
        folder.mkdir(parents=True)
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(value)

    def start(self) -> None:
        self.stack.start(["registry", "connectors"])
        self.stack.wait_ready(300)

    def hub(self, verb: str, *arguments: str) -> Result:
        """`hub connector …` as an operator types it."""
        return CliRunner().invoke(
            connector, [verb, "--instance", str(self.instance), *arguments], catch_exceptions=False
        )

    def shown(self, name: str) -> dict[str, Any]:
        """What /connectors says of one; {} while nobody answers."""
        page = connectors_page(load_settings(self.instance)) or []
        return next((each for each in page if each["name"] == name), {})

    def told(self, name: str) -> dict[str, Any]:
        """The same, as soon as the role answers: a busy one may be silent for a moment."""
        found = list[dict[str, Any]]()

        def answered() -> bool:
            found[:] = [self.shown(name)]
            return bool(found[0])

        self.until(answered)
        return found[0]

    def until(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        for _ in range(int(seconds * 10)):
            if holds():
                return
            self._idle.wait(0.1)
        raise AssertionError(f"it did not happen in {seconds} s: {connectors_page(load_settings(self.instance))}")

    def events(self, kind: str, source: str) -> list[dict[str, Any]]:
        """Every record that this source has on the topic of a kind, repeats included."""
        settings = load_settings(self.instance)
        with closing(SchemaIds(settings.require_registry_url())) as ids:
            codec, topic = Codec(ids, TOPICS), intake_topic(kind)
            found = [codec.decode_dict(each.value)[1] for each in read_to_end(settings.require_bootstrap(), topic)]
        return [fields for fields in found if fields["source"] == source]

    def ids(self, source: str) -> set[str]:
        return {fields["event_id"] for fields in self.events(FOOD, source)}

    def end(self) -> None:
        self.stack.stop()


class Rows:
    """A source's SQLite table: guests 0, 1, 2 …, changed a minute after one another."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        with sqlite3.connect(path) as base:
            base.execute("create table boxes (guest text, first text, day text, kind text, changed text)")

    @property
    def newest(self) -> str:
        """When the last of them changed."""
        return _changed(self.count - 1)

    def add(self, count: int) -> None:
        rows = [
            (
                f"G-{n}",
                f"Guest{n}",
                "2021-02-15",
                "BOX" if n % 2 else "DELIV",
                _changed(n),
            )
            for n in range(self.count, self.count + count)
        ]
        self.count += count
        with sqlite3.connect(self.path) as base:
            base.executemany("insert into boxes values (?, ?, ?, ?, ?)", rows)


def _changed(n: int) -> str:
    return f"2021-02-15T{n // 60:02}:{n % 60:02}:00"


class JsonSource:
    """A source over HTTP at `url`: JSON that `answer` makes of a request's query. Who is killed while asking is not missed."""

    def __init__(self, answer: Callable[[dict[str, list[str]]], dict[str, Any]]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(answer(parse_qs(urlsplit(self.path).query))).encode()
                with suppress(ConnectionError):
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/boxes"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def boxes(numbers: Iterable[int]) -> list[dict[str, str]]:
    """Boxes of guests with these numbers, as a source gives them over HTTP."""
    return [
        {"guest": f"H-{n}", "first": f"Guest{n}", "day": "2021-02-15", "kind": "BOX", "changed": "2021-02-15T00:00:00"}
        for n in numbers
    ]


class Pages(JsonSource):
    """One page with everything; `asked` holds the `since` of each request."""

    def __init__(self, count: int) -> None:
        self.asked: list[str] = []
        self._items = boxes(range(count))
        super().__init__(self.answer)

    def answer(self, query: dict[str, list[str]]) -> dict[str, Any]:
        self.asked.append(query.get("since", [""])[0])
        return {"items": self._items}
