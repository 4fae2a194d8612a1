"""Speeds, as ratios within one run: `make bench` or `python -m benchmarks`. Nothing here is a test."""
