"""Charts are SVG with a line for what there is to draw."""

from __future__ import annotations

from xml.etree import ElementTree

from composer.evaluation.charts import lines


def test_a_curve_leaves_out_what_has_no_value() -> None:
    whole, gap = (lines({"nats": [(1, 2.0), (10, y), (100, 1.0)]}, "x", "y") for y in (3.0, None))
    assert _markers(whole) == 3
    assert _markers(gap) == 2


def _markers(svg: str) -> int:
    """Count the marks on curves: uses of one shape inside a `line2d` group of its own colour."""
    root = ElementTree.fromstring(svg)
    axes = next(e for e in root.iter() if e.get("id") == "axes_1")
    curves = [g for g in axes if (g.get("id") or "").startswith("line2d")]
    return sum(e.tag.endswith("use") for g in curves for e in g.iter())
