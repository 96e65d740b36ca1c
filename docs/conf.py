"""Sphinx configuration; `make docs` builds the site and fails on any warning."""

import sys
from importlib import import_module
from pathlib import Path

from refimpl import __version__
from refimpl.oracle import catalog

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[1]
sys.path.insert(0, str(HERE / "_ext"))

from refimpl_pages import write_leaves  # noqa: E402

# What an earlier build made of modules and tutorials that are gone would be read as pages.
for page in (HERE / "_generated").glob("refimpl.*.rst"):
    module = ROOT / page.stem.replace(".", "/")
    if not (module.is_dir() or module.with_suffix(".py").is_file()):
        page.unlink()
for page in (HERE / "gallery").glob("*/*.rst"):
    tutorial = ROOT / "tutorials" / page.parent.name
    if page.stem not in ("index", "sg_execution_times") and not (tutorial / f"{page.stem}.py").is_file():
        for made in page.parent.glob(f"**/*{page.stem}*"):
            made.unlink()

write_leaves(HERE)

project = "refimpl"
author = "The refimpl authors"
copyright = "The refimpl authors"
release = version = __version__

extensions = [
    "refimpl_docs",
    "refimpl_pages",
    "refimpl_claims",
    "refimpl_abstracts",
    "refimpl_explore",
    "refimpl_reading",
    "refimpl_terms",
    "refimpl_power",
    "refimpl_wild",
    "refimpl_tags",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.bibtex",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery/**/*.ipynb", "gallery/**/*.py"]
exclude_patterns += ["**/readme"]  # of _static: the README's own pictures
exclude_patterns += ["sg_execution_times.rst", "gallery/*/sg_execution_times.rst"]  # fetch scripts from the network
templates_path = ["_templates"]
papers = {entry.name for entry in catalog.papers()}
rst_epilog = f"""
.. |papers| replace:: {len(papers)}
"""
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True
smartquotes = False  # the tables quote code: two dashes stay two dashes

autosummary_generate = True
numpydoc_show_class_members = False  # the fields of a state are told by its comments and its docstring
autodoc_member_order = "bysource"
viewcode_follow_imported_members = False  # what is imported is shown where it is defined
autodoc_typehints = "none"  # the docstrings say more: shapes, ranges

bibtex_bibfiles = ["references.bib"]
bibtex_reference_style = "author_year"
suppress_warnings = ["bibtex.duplicate_citation"]  # two pages may cite one paper: each links to its own references

tutorials = sorted(path.parent for path in (ROOT / "tutorials").glob("*/GALLERY_HEADER.rst"))
sphinx_gallery_conf = {
    "examples_dirs": [str(folder) for folder in tutorials],
    "gallery_dirs": [f"gallery/{folder.name}" for folder in tutorials],
    "filename_pattern": r"\.py$",
    "parallel": 2,
    "backreferences_dir": "_generated/backreferences",
    "doc_module": ("refimpl",),
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "thumbnail_size": (800, 560),
    "abort_on_example_error": True,
    "capture_repr": (),  # the result of a block is what it prints, not the object that its last line makes
    "remove_config_comments": True,
    "first_notebook_cell": """%matplotlib inline
# A notebook has no command line: the options of the tutorial keep their defaults.
import sys

sys.argv = sys.argv[:1]""",
}

html_theme = "pydata_sphinx_theme"
html_title = "refimpl"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system
html_sidebars = {"index": []}
html_static_path = ["_static"]
html_css_files = ["refimpl.css"]
html_show_sourcelink = False
html_show_search_summary = False  # would fetch pages, which a browser refuses to a page opened as a file
html_theme_options = {
    "logo": {"text": "refimpl"},
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
}


def setup(app):
    """Copy MathJax into the site and point at the copy; as an extension it would not let pages be read side by side."""
    import_module("sphinx-mathjax-offline").setup(app)
