"""What pyproject.toml cannot say: the app, its pages and its files lie beside the package, and go inside of it."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
ALONG = ("app.py", ".streamlit/config.toml", "pages/*.py", "assets/icon.png", "assets/*/*")
"""All but the pictures of the README; `pvt_viz/places.py` looks for them in pvt_viz/shipped."""


class WithTheApp(build_py):
    def run(self) -> None:
        super().run()
        if self.editable_mode:  # the package stays in the checkout, beside these
            return
        for pattern in ALONG:
            for file in HERE.glob(pattern):
                there = Path(self.build_lib, "pvt_viz", "shipped", file.relative_to(HERE))
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, there)


setup(cmdclass={"build_py": WithTheApp})
