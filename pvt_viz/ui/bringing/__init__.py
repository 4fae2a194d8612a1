"""Bringing weights: from a file or from the hub, and the part of the sidebar where that is done."""
