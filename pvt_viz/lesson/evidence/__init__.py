"""Where attention goes, scored against the truth; and what matters, by changing one stage at a time."""
