"""The dashboard and the alert rules name metrics and labels that exist."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.metrics import MetricWrapperBase

from neuraldocflow.gateway.metrics import declared
from neuraldocflow.job import process_metrics

ROOT = Path(__file__).parents[3] / "observability"
NAME = re.compile(r"neuraldocflow_[a-z_]+")
LABELS = re.compile(r"(?:by \(([^)]*)\))|(?:\{([^}]*)\})")


def known() -> dict[str, set[str]]:
    """The series' names with their labels."""
    found: dict[str, set[str]] = {}
    for metric in declared(CollectorRegistry()).values():
        assert isinstance(metric, MetricWrapperBase)
        labels = set(metric._labelnames)
        for family in metric.describe():
            if isinstance(metric, Histogram):
                found[f"{family.name}_bucket"] = labels | {"le"}
            elif family.type == "counter":
                found[f"{family.name}_total"] = labels
            else:
                found[family.name] = labels
    process = {name: set(labels) for name, labels in process_metrics.LABELS.items()}
    process[f"{process_metrics.DECISIONS}_total"] = process.pop(process_metrics.DECISIONS)
    return found | process


def expressions() -> list[str]:
    dashboard: dict[str, Any] = json.loads((ROOT / "grafana-dashboard.json").read_text())
    rules = yaml.safe_load((ROOT / "alerts.yaml").read_text())
    shown = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return shown + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_what_exists(expression: str) -> None:
    series = known()
    names = NAME.findall(expression)
    assert names
    assert set(names) <= series.keys()
    allowed = set().union(*(series[name] for name in names))
    for grouped, selected in LABELS.findall(expression):
        parts = [part for part in f"{grouped},{selected}".split(",") if part.strip()]
        used = {re.split(r"[=!~]", part)[0].strip() for part in parts}
        assert used <= allowed


def test_every_metric_is_shown_or_watched() -> None:
    used = set(NAME.findall(" ".join(expressions())))
    assert known().keys() <= used


@pytest.mark.parametrize("expression", expressions())
def test_what_each_gateway_counts_of_the_same_log_is_not_summed(expression: str) -> None:
    """Two would show twice the documents. Quotients, quantiles and what is compared with 0 bear it."""
    counted = known().keys() - process_metrics.LABELS.keys() - {"neuraldocflow_connections"}
    if re.search(r"/ sum|histogram_quantile|[=>]=? 0$", expression) and "[30m" not in expression:
        return
    for name in set(NAME.findall(expression)) & counted - {f"{process_metrics.DECISIONS}_total"}:
        summed = re.findall(rf"sum(?: by \([^)]*\))? ?\((?:rate\()?{name}", expression)
        assert not summed
