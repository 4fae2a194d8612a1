"""Print every ratio that the README states."""

import importlib

from benchmarks import cost, forward, page, scenes

forward.report()
page.report()
cost.report()
scenes.report()
importlib.import_module("benchmarks.class").report(minutes=2)  # its name is a word of Python's
