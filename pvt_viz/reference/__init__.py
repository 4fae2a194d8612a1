"""The fine print: symbols, the paper's Table 1 from the presets, and where sources disagree. Numbers are counted."""
