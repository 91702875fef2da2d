"""KerasTuner's `engine.metrics_tracking`: what a trial's metrics were, and which way one is better."""

from kt_notebook.core.metrics import MetricHistory, MetricObservation, MetricsTracker, infer_metric_direction

__all__ = ["MetricHistory", "MetricObservation", "MetricsTracker", "infer_metric_direction"]
