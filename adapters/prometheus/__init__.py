"""Figures for Prometheus, added up over all processes."""
