"""Who may know whom: arrows between the layers only ever point down."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pvt_viz"
ON_SCREEN = ("pvt_viz.ui", "streamlit", "plotly")
"""What a file that is exported does without."""
MOUNTED = {"pvt_viz.widgets.page_keys", "pvt_viz.widgets.worked", "pvt_viz.widgets.attention_explorer.mounted"}
"""Components of Streamlit's: theirs is the code that mounts them."""
BELOW = tuple(
    f"pvt_viz.{name}" for name in ("lesson", "site", "choices", "scene", "picture", "listed", "maps", "__main__")
)


def files() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def modules() -> dict[str, Path]:
    return {module_of(path): path for path in files()}


@cache
def imports(module: str) -> frozenset[str]:
    """What it imports, anywhere in it; a package that is imported from is loaded, too."""
    found = set()
    for node in ast.walk(ast.parse(modules()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative imports hide who knows whom"
            found.add(node.module)
            found |= {full for name in node.names if (full := f"{node.module}.{name.name}") in modules()}
    parents = {".".join(name.split(".")[:depth]) for name in found for depth in range(1, name.count(".") + 1)}
    return frozenset(found | (parents & modules().keys()) - {"pvt_viz"})


def reached(module: str) -> dict[str, list[str]]:
    """Everything that it leads to, each with the way there."""
    ways, waiting = {}, [[module]]
    while waiting:
        way = waiting.pop()
        for name in imports(way[-1]) if way[-1] in modules() else ():
            if name not in ways:
                ways[name] = [*way, name]
                waiting.append(ways[name])
    return ways


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("package", BELOW)
def test_what_is_said_and_exported_reaches_no_screen(package):
    members = [module for module in modules() if within(module, (package,))]
    assert members
    for module in members:
        for name, way in reached(module).items():
            assert not within(name, ON_SCREEN), " -> ".join(way)


def test_streamlit_is_known_to_the_ui_alone():
    for module in modules():
        if not within(module, ("pvt_viz.ui",)) and module not in MOUNTED:
            assert not [name for name in imports(module) if within(name, ("pvt_viz.ui", "streamlit"))], module


LAYERS = ("pvt_viz.lesson", "pvt_viz.site", "pvt_viz.ui")
"""From below; what is in none of them is the core."""


def test_arrows_point_down():
    for module in modules().keys() - {"pvt_viz.__main__"}:
        own = [at for at, layer in enumerate(LAYERS) if within(module, (layer,))]
        above = LAYERS[own[0] + 1 :] if own else LAYERS
        assert not [name for name in imports(module) if within(name, above)], module


@pytest.mark.parametrize("page", sorted((ROOT / "pages").glob("*.py")), ids=lambda page: page.stem)
def test_pages_do_no_arithmetic_on_tensors(page):
    for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module]
        assert not any(within(name, ("torch", "numpy")) for name in names)


REFUSING = """
import sys

class Refused:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("streamlit", "plotly"):
            raise ImportError(f"{name} is refused here")

sys.meta_path.insert(0, Refused())
from pvt_viz.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_picture_is_exported_without_streamlit_and_plotly(tmp_path):
    asked = ["export", "scene", "--model", "scene_vit", "--size", "64", "--out", str(tmp_path / "site")]
    command = [sys.executable, "-c", REFUSING, *asked]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    assert (tmp_path / "site" / "index.html").is_file()
    assert (tmp_path / "site" / "explorer.html").is_file()
