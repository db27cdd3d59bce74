"""A report as metrics: owns their names, units and one-line meanings. Gathers nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.core.health import Facts, Report

FORMAT: Final = "text/plain; version=0.0.4; charset=utf-8"


class _Seen(Collector):
    """One report, as gauges."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def collect(self) -> Iterable[Metric]:
        report, facts = self._report, self._report.facts
        yield _gauge("healthy", "Whether nothing is bad.", report.is_healthy)
        checks = GaugeMetricFamily(
            "rapport_check", "How a part is: 0 fine, 1 to be looked at, 2 bad.", labels=["part"]
        )
        for check in report.checks:
            checks.add_metric([check.name], ("fine", "watch", "bad").index(check.state))
        yield checks
        ticks = GaugeMetricFamily(
            "rapport_tick_age_seconds", "Since a tick last went through.", labels=["tick"]
        )
        for name, seconds in facts.ticks.items():
            ticks.add_metric([name], seconds)
        yield ticks
        for name, says, value in _numbers(facts):
            if value is not None:
                yield _gauge(name, says, value)


def _numbers(facts: Facts) -> Iterable[tuple[str, str, float | None]]:
    yield "database_writes", "Whether the database takes writes.", facts.writes
    yield "received_age_seconds", "Since the last sign of Telegram.", facts.received.ago
    yield (
        "undelivered_updates",
        "Updates that Telegram could not bring lately.",
        facts.received.undelivered,
    )
    yield "disk_free_bytes", "Room where the database is.", facts.free_bytes
    yield "backup_age_seconds", "Age of the newest backup.", facts.backup_age
    kept = facts.kept
    if kept is not None:
        yield "overdue_messages", "Messages that should have gone out.", kept.overdue
        yield "overdue_age_seconds", "How long the oldest is overdue.", kept.overdue_for
        yield "open_erasures", "Erasures to be decided by the practice.", kept.erasures
        yield "open_erasure_age_seconds", "Since the oldest was asked for.", kept.erasures_for
        yield "clock_behind_seconds", "How far the clock is behind what was noted.", kept.behind
        yield "set_aside_updates", "Updates that could not be handled.", kept.set_aside
        yield (
            "on_hold",
            "Whether nothing is sent before `rapport resume`.",
            kept.held_for is not None,
        )
        yield "on_hold_age_seconds", "How long the bot is on hold.", kept.held_for


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(f"rapport_{name}", says, float(value))


def exposed(report: Report) -> bytes:
    """Write a report, and the process's memory and time, as Prometheus reads it."""
    registry = CollectorRegistry()
    registry.register(_Seen(report))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
