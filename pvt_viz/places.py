"""Where the files are that are no part of the library: weights, recordings, the app and its pages.

In a checkout they lie beside the package; in an installed one inside of it, where `setup.py` puts them. This is the one
place that knows.
"""

from pathlib import Path

PACKAGE = Path(__file__).parent
ABOVE = PACKAGE.parent
"""The folder that `import pvt_viz` finds the package in: for processes of their own."""
_SHIPPED = PACKAGE / "shipped"
_TOP = _SHIPPED if _SHIPPED.is_dir() else ABOVE

ASSETS = _TOP / "assets"
WEIGHTS = ASSETS / "weights"
MOMENTS = ASSETS / "moments"
MEASUREMENTS = ASSETS / "measurements"
APP = _TOP / "app.py"
PAGES = _TOP / "pages"
