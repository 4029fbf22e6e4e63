"""The figures in Prometheus's text form."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from adapters.prometheus.metrics import COUNTERS_KEY, GAUGES_KEY

Labels = tuple[tuple[str, str], ...]
Samples = dict[Labels, float]


def exposition(connection: Redis, gauges: Mapping[str, float]) -> tuple[bytes, str]:
    """The text and its content type: what all processes handed over, and `gauges` read just now (name to value)."""
    registry = CollectorRegistry()
    registry.register(_Figures(_read(connection, COUNTERS_KEY), _with(_read(connection, GAUGES_KEY), gauges)))
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _read(connection: Redis, key: str) -> dict[str, Samples]:
    try:
        kept = connection.hgetall(key)
    except RedisError:
        return {}
    figures: defaultdict[str, Samples] = defaultdict(dict)
    for field, value in kept.items():
        name, labels = json.loads(field)
        figures[name][tuple((label, text) for label, text in labels)] = float(value)
    return dict(figures)


def _with(figures: dict[str, Samples], gauges: Mapping[str, float]) -> dict[str, Samples]:
    return {**figures, **{name: {(): value} for name, value in gauges.items()}}


class _Figures(Collector):
    def __init__(self, counters: dict[str, Samples], gauges: dict[str, Samples]) -> None:
        self._counters = counters
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        histograms = {name.removesuffix("_bucket") for name in self._counters if name.endswith("_bucket")}
        for name in sorted(histograms):
            yield _histogram(name, self._counters[f"{name}_bucket"], self._counters.get(f"{name}_sum", {}))
        parts = {f"{name}{part}" for name in histograms for part in ("_bucket", "_sum")}
        for name in sorted(set(self._counters) - parts):
            family = CounterMetricFamily(name.removesuffix("_total"), name, labels=_names(self._counters[name]))
            for labels, value in self._counters[name].items():
                family.add_metric([text for _, text in labels], value)
            yield family
        for name, samples in sorted(self._gauges.items()):
            gauge = GaugeMetricFamily(name, name, labels=_names(samples))
            for labels, value in samples.items():
                gauge.add_metric([text for _, text in labels], value)
            yield gauge


def _names(samples: Samples) -> list[str]:
    return [label for label, _ in next(iter(samples), ())]


def _histogram(name: str, buckets: Samples, sums: Samples) -> HistogramMetricFamily:
    by_labels: defaultdict[Labels, dict[str, float]] = defaultdict(dict)
    for labels, value in buckets.items():
        rest = tuple(pair for pair in labels if pair[0] != "le")
        by_labels[rest][dict(labels)["le"]] = value
    family = HistogramMetricFamily(name, name, labels=[label for label, _ in next(iter(by_labels), ())])
    for labels, counts in by_labels.items():
        bounds = sorted(counts.items(), key=lambda pair: float(pair[0]))
        family.add_metric([text for _, text in labels], bounds, sums.get(labels, 0.0))
    return family
