"""Settings of the site, for Sphinx. ``docs/README.md`` says how to build it."""

import sys
from pathlib import Path

# Where Python finds the extensions below, and the code that the tables are written from.
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

project = "seed"
copyright = "the authors of seed, Apache-2.0"
extensions = ["myst_parser", "extensions.mathml", "extensions.source_pages", "extensions.pages"]
exclude_patterns = ["README.md", "figures/*.md"]  # for those who work on the documentation
source_suffix = {".md": "markdown"}

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True
html_math_renderer = "mathml"

html_theme = "furo"
html_title = "seed"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
