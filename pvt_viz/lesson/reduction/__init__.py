"""Spatial reduction, step by step: one stage's tokens made into keys, and one query's way through one head."""
