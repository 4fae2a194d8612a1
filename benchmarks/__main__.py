"""Print every ratio that the README states."""

from benchmarks import forward, page

forward.report()
page.report()
