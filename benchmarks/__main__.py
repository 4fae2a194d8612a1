"""Print every ratio that the README states."""

from benchmarks import cost, forward, page, scenes

forward.report()
page.report()
cost.report()
scenes.report()
