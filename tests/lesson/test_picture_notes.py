"""What was assumed in reading a visitor's file stands where the picture is shown, and in what is exported."""

import numpy as np
from PIL import Image

from picture_files import P3, rgb_profile, saved, tiff
from pvt_viz.lesson import plates
from pvt_viz.site import sections
from pvt_viz.site import visit as exported
from pvt_viz.words import escaped
from visits import go, healthy, visit

DEEP = tiff((np.linspace(0, 1, 64 * 64 * 3).reshape(64, 64, 3) * 4095).astype("u2"))
COLOURED = saved(Image.new("RGB", (64, 64), (200, 60, 60)), icc_profile=rgb_profile(P3, 2.2, "Display_P3"))


def brought(name, data, **query):
    app = visit(**query)
    app.segmented_control(key="source").set_value("Upload").run()
    app.file_uploader(key="file").set_value((name, data, "image/tiff")).run()
    return healthy(app)


def captions(where):
    return [caption.value for caption in where.caption]


def test_a_line_beside_the_picture_on_every_page():
    app = brought("scan.tif", DEEP)
    for page in ("pyramid", "attention"):
        app = healthy(go(app, page))
        for where in (app.sidebar, app.main):
            assert sum("4095 was taken" in caption for caption in captions(where)) == 1
    app.segmented_control(key="source").set_value("Sample").run()
    assert not any("4095" in caption for caption in captions(app))


def test_a_profile_is_named_and_no_markup():
    app = brought("scan.png", COLOURED)
    assert any(r"Display\_P3, its ICC profile" in caption for caption in captions(app.sidebar))


def test_it_is_exported(tmp_path):
    path = tmp_path / "scan.tif"
    path.write_bytes(DEEP)
    scene = exported.scene(str(path), "vit_tiny_16", size=64)
    (note,) = scene.picture.notes
    assert note in plates.pyramid(scene)[0].caption
    assert escaped(note) in next(iter(sections.before(scene))).notes
