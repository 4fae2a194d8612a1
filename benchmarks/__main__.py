"""Print every ratio that the README states."""

from benchmarks import cost, forward, page

forward.report()
page.report()
cost.report()
