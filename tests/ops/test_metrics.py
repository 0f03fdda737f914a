from __future__ import annotations

from hub.ops import metrics
from hub.ops.metrics import MAX_VALUES, Count, render


def test_a_value_outside_the_closed_set_is_counted_as_other() -> None:
    count = Count("hub_test_closed", "x", grade=("link", "split"))
    count.inc(grade="link")
    count.inc(grade="Zolaris Quenby")
    text = render().decode()
    assert 'hub_test_closed_total{grade="link"} 1.0' in text
    assert 'hub_test_closed_total{grade="other"} 1.0' in text
    assert "Zolaris" not in text


def test_every_value_of_a_closed_label_is_there_before_it_happens() -> None:
    Count("hub_test_present", "x", grade=("link", "split"))
    assert 'hub_test_present_total{grade="split"} 0.0' in render().decode()


def test_an_open_label_takes_slugs_only_and_not_too_many() -> None:
    count = Count("hub_test_open", "x", connector=None)
    for value in ("iis-cvrs", "123-45-6789", "Ana", "a" * 26, "x y", ""):
        count.inc(connector=value)
    for number in range(MAX_VALUES * 2):
        count.inc(connector=f"c-{number}")
    text = render().decode()
    assert 'connector="iis-cvrs"' in text
    assert not any(bad in text for bad in ("123-45", '"Ana"', "a" * 26, '"x y"'))
    assert sum(line.startswith("hub_test_open_total{") for line in text.splitlines()) <= MAX_VALUES + 1


def test_every_metric_of_the_hub_has_the_prefix_and_counters_end_in_total() -> None:
    for family in metrics.REGISTRY.collect():
        assert family.name.startswith("hub_")
