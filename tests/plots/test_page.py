"""The page of a figure stands alone: no address is asked, no name can smuggle markup in."""

from __future__ import annotations

import re
from dataclasses import replace

from composer.piece import Piece
from composer.plots import figure_page, plot_pianoroll


def test_the_page_brings_its_script_and_refers_to_nothing_outside(chorale: Piece) -> None:
    page = figure_page(plot_pianoroll(chorale), "Chorale")
    assert "plotly.js v" in page and len(page) > 3_000_000
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert "default-src 'none'" in page


def test_titles_and_part_names_are_text(chorale: Piece) -> None:
    part = replace(chorale.parts[0], name="</script><script>alert(1)")
    lured = replace(chorale, parts=(part, *chorale.parts[1:]))
    page = figure_page(plot_pianoroll(lured), "</title><b>")
    assert "alert(1)" in page and "<script>alert(1)" not in page
    assert "<h1>&lt;/title&gt;&lt;b&gt;</h1>" in page
