"""Repeat signs, endings and jumps -> bar lines and directions of MusicXML. Knows no note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from composer.piece import Repeat


def write_repeats(repeats: Iterable[Repeat], bars: Bars, *, is_first: bool) -> None:
    """Write signs into the measures of a part; jumps into the first part alone."""
    for sign in repeats:
        if sign.kind == "ending" and sign.end_beats is not None:
            numbers = ", ".join(map(str, sign.numbers)) or "1"
            bars.add(sign.onset_beats, "left", "ending", number=numbers, type="start")
            bars.add(sign.end_beats, "right", "ending", number=numbers, type="stop")
        elif sign.kind == "forward":
            bars.add(sign.onset_beats, "left", "repeat", direction="forward")
        elif sign.kind == "backward":
            times = {"times": str(sign.times)} if sign.times != 2 else {}
            bars.add(sign.onset_beats, "right", "repeat", direction="backward", **times)
        elif is_first:
            bars.jump(sign.kind, sign.onset_beats, sign.text)


@dataclass(frozen=True, slots=True)
class Bars:
    """The measures of a part of a file.

    Args:
        measures: In their order.
        begins, ends: When they do, in quarters.
    """

    measures: Sequence[Element]
    begins: Sequence[Fraction]
    ends: Sequence[Fraction]

    def add(self, time: Fraction, location: str, tag: str, **facts: str) -> None:
        """Put a sign at the bar line at a time; nothing where there is none."""
        edges = self.begins if location == "left" else self.ends
        index = next((i for i, edge in enumerate(edges) if edge == time), None)
        if index is None and location == "left" and time == 0:
            index = 0  # a pickup begins later than its bar line
        if index is None:
            return
        measure = self.measures[index]
        found = [one for one in measure.findall("barline") if one.get("location") == location]
        if found:
            bar_line = found[0]
        else:
            bar_line = Element("barline", location=location)
            measure.insert(0 if location == "left" else len(measure), bar_line)
        if tag == "repeat":
            style = bar_line.find("bar-style")
            if style is None:
                style = Element("bar-style")
                bar_line.insert(0, style)
            style.text = "heavy-light" if location == "left" else "light-heavy"
        child = Element(tag, facts)
        repeat = bar_line.find("repeat")
        if tag == "ending" and repeat is not None:
            bar_line.insert(list(bar_line).index(repeat), child)
        else:
            bar_line.append(child)

    def jump(self, kind: str, time: Fraction, text: str) -> None:
        """Put a sign or words that send the player elsewhere at a bar line."""
        direction = Element("direction", placement="above")
        kinds = SubElement(direction, "direction-type")
        if kind in ("segno", "coda"):
            SubElement(kinds, kind)
            facts = {kind: kind}
        else:
            words = {"da capo": "D.C.", "dal segno": "D.S.", "fine": "Fine", "to coda": "To Coda"}
            SubElement(kinds, "words").text = text or words[kind]
            attribute = kind.replace(" ", "")
            facts = {attribute: "yes" if kind in ("da capo", "fine") else attribute[-5:]}
        SubElement(direction, "sound", facts)
        edges = self.begins if kind in ("segno", "coda") else self.ends
        index = next((i for i, edge in enumerate(edges) if edge == time), None)
        if index is None:
            return
        measure = self.measures[index]
        if kind in ("segno", "coda"):
            at = next((i for i, one in enumerate(measure) if one.tag == "note"), len(measure))
        else:
            is_last = [one.tag == "barline" and one.get("location") == "right" for one in measure]
            at = is_last.index(True) if any(is_last) else len(measure)
        measure.insert(at, direction)
