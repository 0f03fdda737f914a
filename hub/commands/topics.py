"""`hub topics`: the table of topics, and the step that makes them."""

from __future__ import annotations

import json

import click

from hub.bus.schema_registry import SchemaIds
from hub.bus.topic_admin import apply_schemas, apply_topics
from hub.config import instance_dir, load_settings
from hub.supervisor import running_instance
from hub.verbs import Verbs
from hub.wiring_bus import all_topics

_INSTANCE = click.option("--instance", help="Instance directory (default: HUB_INSTANCE or .hub/default).")
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group(cls=Verbs)
def topics() -> None:
    """List or create the topics."""


@topics.command("list")
@_INSTANCE
@_JSON
def list_topics(instance: str | None, as_json: bool) -> None:
    """Every topic of this installation as the code has it: key, partitions, how long it is kept."""
    settings = load_settings(running_instance(instance))
    for topic in all_topics(settings):
        row = {
            "topic": topic.name,
            "key": topic.key,
            "partitions": topic.partitions or settings.partitions,
            "kept": "compacted" if topic.compacted else f"{topic.days} days" if topic.days else "for ever",
            "records": [model.__name__ for model in topic.models],
            "compatibility": topic.level if topic.models else None,
        }
        click.echo(
            json.dumps(row) if as_json else f"{row['topic']:<36} {row['partitions']:>3}  {row['kept']:<10} {row['key']}"
        )


@topics.command()
@_INSTANCE
@_JSON
def apply(instance: str | None, as_json: bool) -> None:
    """Create what is missing, put settings right, refuse a wrong number of partitions; then register the schemas."""
    settings = load_settings(instance_dir(instance))
    wanted = all_topics(settings)
    done = apply_topics(
        settings.require_bootstrap(),
        wanted,
        partitions=settings.partitions,
        replication=settings.replication,
        min_insync_replicas=settings.min_insync_replicas,
    )
    for each in done:
        row = each._asdict()
        changed = f" ({', '.join(each.changed)})" if each.changed else ""
        click.echo(json.dumps(row) if as_json else f"{each.did:<9} {each.name} · {each.partitions}{changed}")
    if settings.registry_url:
        ids = SchemaIds(settings.registry_url)
        subjects = apply_schemas(ids, wanted)
        ids.close()
        click.echo(json.dumps({"subjects": subjects}) if as_json else f"{subjects} schemas are registered")
