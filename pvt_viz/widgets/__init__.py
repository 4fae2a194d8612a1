"""Browser components: html, css and js files, and the Python that packs their data."""
