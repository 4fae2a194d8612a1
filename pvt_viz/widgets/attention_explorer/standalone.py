"""The explorer as one file of HTML: no server, no network, nothing but a browser."""

import base64
import hashlib
from html import escape
from string import Template

from pvt_viz.language import speaking, tr
from pvt_viz.widgets.attention_explorer.payload import read_header
from pvt_viz.widgets.attention_explorer.source import MARKUP, SCRIPTS, STYLES, read

_PAGE = Template("""\
<!doctype html>
<html lang="$lang">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<h1>$title</h1>
$caption
</header>
<main>
$markup
<noscript><p>$no_script</p></noscript>
</main>
<footer>$footer</footer>
<script type="application/base64" id="payload">$payload</script>
<script type="module">$script</script>
</body>
</html>
""")


def page(blob: bytes, *, title: str, caption: str = "") -> str:
    """A complete document that shows what `payload.pack` packed, in the language that it was packed in.

    `title` and `caption` are plain text, also a stranger's. The document asks nobody for anything: its policy lets
    nothing run or be fetched but what is written in it.
    """
    style, script = read("standalone.css", *STYLES), read(*SCRIPTS, "standalone.js")
    language = read_header(blob)["language"]
    with speaking(language):
        no_script = tr("This page draws its maps in your browser, and needs JavaScript for that.")
        footer = tr("Made with pvt-viz, Apache License 2.0. This page works without a network and sends nothing.")
    return _PAGE.substitute(
        lang="zh-Hans" if language == "zh" else language,
        policy=f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'",
        title=escape(title),
        caption=f"<p>{escape(caption)}</p>" if caption else "",
        style=style,
        markup=read(MARKUP),
        no_script=escape(no_script),
        footer=escape(footer),
        payload=base64.b64encode(blob).decode(),
        script=script,
    )


def _digest(text: str) -> str:
    """By which a policy allows a script or a style that is part of the page, and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
