"""Odd and hostile files, made by hand: each breaks a rule that some parser has trusted before.

`hostile_files()` gives them by name, `write_files(folder)` writes them with the ending that each
would be brought with. All are small: what a bomb unfolds to is in its numbers.
"""

from __future__ import annotations

import gzip
import io
import pickle
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tests.corpus.hostile_midi import GOOD, header, midi_files


def write_files(folder: Path) -> list[Path]:
    """Write all files into a folder; return their paths."""
    paths = []
    for number, (name, data) in enumerate(hostile_files().items()):
        path = folder / f"{number:03d}{_suffix(name)}"
        path.write_bytes(data)
        paths.append(path)
    return paths


def hostile_files() -> dict[str, bytes]:
    """Return the content of every file by its name: what it is brought as, and what is wrong."""
    return {
        f"{kind}: {name}": data
        for kind, files in (
            ("mid", midi_files()),
            ("musicxml", _xml_attacks()),
            ("musicxml", _xml_oddities()),
            ("musicxml", _xml_numbers()),
            ("mxl", _archives()),
            ("mid", _other_formats()),
        )
        for name, data in files
    }


def _suffix(name: str) -> str:
    return "." + name.partition(":")[0]


# --- MusicXML -----------------------------------------------------------------------------------
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">'
)
XML_NOTE = (
    "<note><pitch><step>C</step><octave>4</octave></pitch><duration>4</duration>"
    "<type>whole</type></note>"
)
ATTRIBUTES = (
    "<attributes><divisions>1</divisions>"
    "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
)
PART_LIST = '<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>'


def measures(content: str, number: int = 1) -> str:
    return f'<measure number="{number}">{content}</measure>'


def score(content: str, *, prolog: str = DECLARATION + DOCTYPE, part_list: str = PART_LIST) -> str:
    """Return a score of one part around its measures."""
    part = f'<part id="P1">{content}</part>'
    return f'{prolog}<score-partwise version="4.0">{part_list}{part}</score-partwise>'


def bar(attributes: str = ATTRIBUTES, note: str = XML_NOTE) -> str:
    return measures(attributes + note)


GOOD_XML = score(bar())
TUPLET = (
    "<time-modification><actual-notes>0</actual-notes>"
    "<normal-notes>0</normal-notes></time-modification>"
)
TRANSPOSE = "<transpose><chromatic>1000</chromatic></transpose>"
LONG_REST = "<measure-style><multiple-rest>1000000</multiple-rest></measure-style>"
# What is wrong, what stands in the good score, what stands in its place.
ODD_NUMBERS = (
    ("a bar of a million beats", "<beats>4", "<beats>1000000"),
    ("beats that are none", "<beats>4", "<beats>NaN"),
    ("beats of no end", "<beats>4", "<beats>1e999999999"),
    ("beats that add up", "<beats>4", "<beats>" + "+".join(["64"] * 200)),
    ("denominator 0", "<beat-type>4", "<beat-type>0"),
    ("denominator 3", "<beat-type>4", "<beat-type>3"),
    ("divisions 0", "<divisions>1", "<divisions>0"),
    ("divisions below 0", "<divisions>1", "<divisions>-4"),
    ("divisions of a letter", "<divisions>1", "<divisions>x"),
    ("octave 99", "<octave>4", "<octave>99"),
    ("octave -1", "<octave>4", "<octave>-1"),
    ("step H", "<step>C", "<step>H"),
    ("1,000 sharps", "<step>C</step>", "<step>C</step><alter>1000</alter>"),
    ("NaN of sharps", "<step>C</step>", "<step>C</step><alter>NaN</alter>"),
    ("a note of 1e11", "<duration>4", "<duration>100000000000"),
    ("a note of NaN", "<duration>4", "<duration>NaN"),
    ("a note of no end", "<duration>4", "<duration>inf"),
    ("a note of less than nothing", "<duration>4", "<duration>-4"),
    ("a number of 100,000 digits", "<duration>4", "<duration>" + "9" * 100_000),
    ("100 sharps", "<time>", "<key><fifths>100</fifths></key><time>"),
    ("a tuplet in 0", "<type>", TUPLET + "<type>"),
    ("a transposition by 1,000", "<time>", f"{TRANSPOSE}<time>"),
    ("10,000 staves", "<time>", "<staves>10000</staves><time>"),
    ("a rest of a million bars", "<time>", f"{LONG_REST}<time>"),
)


def _xml_attacks() -> Iterator[tuple[str, bytes]]:
    levels = "".join(
        f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' if i else '<!ENTITY l0 "lol">' for i in range(10)
    )
    lol = GOOD_XML.replace(DOCTYPE, f"<!DOCTYPE score-partwise [{levels}]>")
    yield "a billion laughs", lol.replace("Piano", "&l9;").encode()
    yield (
        "quadratic growth",
        lol.replace(levels, f'<!ENTITY q "{"x" * 50_000}">')
        .replace("Piano", "&q;" * 5_000)
        .encode(),
    )
    for what, url in (("a file", "file:///etc/passwd"), ("an address", "http://127.0.0.1:9/x")):
        entity = f'<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "{url}">]>'
        doc = GOOD_XML.replace(DOCTYPE, entity).replace("Piano", "&x;")
        yield f"an entity of {what}", doc.encode()
        own = f'<!DOCTYPE score-partwise SYSTEM "{url}">'
        yield f"a DTD of {what}", GOOD_XML.replace(DOCTYPE, own).encode()
    parameter = '<!DOCTYPE s [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>'
    yield "a parameter entity", GOOD_XML.replace(DOCTYPE, parameter).encode()
    attlist = '<!DOCTYPE s [<!ATTLIST note a CDATA "x">]>'
    yield "rules of its own", GOOD_XML.replace(DOCTYPE, attlist).encode()
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
    yield "an inclusion", GOOD_XML.replace("Piano", include).encode()
    sheet = '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>'
    yield "a stylesheet", GOOD_XML.replace(DOCTYPE, sheet + DOCTYPE).encode()
    yield "depth", score("<measure>" * 5_000 + "</measure>" * 5_000).encode()
    attributes = " ".join(f'a{i}="{i}"' for i in range(20_000))
    yield "20,000 attributes", GOOD_XML.replace("<note>", f"<note {attributes}>").encode()
    yield "450,000 elements", score(measures("<a/>" * 450_000)).encode()


def _xml_oddities() -> Iterator[tuple[str, bytes]]:
    yield "a good score", GOOD_XML.encode()
    yield "a good score in UTF-16", GOOD_XML.replace("UTF-8", "UTF-16").encode("utf-16")
    yield "UTF-16 without its mark", GOOD_XML.replace("UTF-8", "UTF-16").encode("utf-16-le")
    yield "UTF-16 stated, UTF-8 written", GOOD_XML.replace("UTF-8", "UTF-16").encode()
    yield "UTF-7", GOOD_XML.replace("UTF-8", "UTF-7").replace("<note", "+ADw-note").encode()
    yield "EBCDIC", GOOD_XML.replace("UTF-8", "cp037").encode("cp037")
    yield "UTF-32", GOOD_XML.replace("UTF-8", "UTF-32").encode("utf-32")
    yield "an unknown encoding", GOOD_XML.replace("UTF-8", "x-klingon").encode()
    yield "broken UTF-8", GOOD_XML.replace("Piano", "Piano\xff").encode("latin-1")
    yield "a lone surrogate", GOOD_XML.encode("utf-8").replace(b"Piano", b"\xed\xa0\x80")
    yield "control codes", GOOD_XML.replace("Piano", "a\x00\x0bb").encode()
    yield "a byte order mark", b"\xef\xbb\xbf" + GOOD_XML.encode()
    yield "HTML", b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
    yield "another root", GOOD_XML.replace("score-partwise", "opus").encode()
    yield "timewise", GOOD_XML.replace("score-partwise", "score-timewise").encode()
    yield "no closing tag", GOOD_XML.replace("</score-partwise>", "").encode()
    yield "cut in the middle", GOOD_XML[: len(GOOD_XML) // 2].encode()
    yield "nothing but a declaration", DECLARATION.encode()
    yield "an empty root", (DECLARATION + "<score-partwise/>").encode()
    yield "no part list", score(bar(), part_list="").encode()
    yield "a part that no list names", GOOD_XML.replace('<part id="P1">', '<part id="P9">').encode()
    yield "no measures", score("").encode()
    yield "no notes", score(bar(note="")).encode()
    yield "rests only", score(bar(note="<note><rest/><duration>4</duration></note>")).encode()
    yield "2 MB of spaces", (GOOD_XML + " " * 1_990_000).encode()
    yield (
        "a title of markup",
        GOOD_XML.replace(
            "<part-list>", "<work><work-title>&lt;script&gt;../../x</work-title></work><part-list>"
        ).encode(),
    )


def _xml_numbers() -> Iterator[tuple[str, bytes]]:
    for what, before, after in ODD_NUMBERS:
        yield what, GOOD_XML.replace(before, after, 1).encode()
    yield "20,000 measures", score("".join(measures("", i) for i in range(20_000))).encode()
    repeat = '<barline location="right"><repeat direction="backward" times="1000000"/></barline>'
    yield "a million repeats", score(measures(ATTRIBUTES + XML_NOTE + repeat)).encode()
    forward = '<barline location="left"><repeat direction="forward"/></barline>'
    backward = repeat.replace("1000000", "2")
    nested = measures(forward) * 300 + measures(XML_NOTE + backward) * 300
    yield "300 nested repeats", score(bar() + nested).encode()
    yield "a tempo of NaN", GOOD_XML.replace("<note>", '<sound tempo="NaN"/><note>').encode()
    yield "a tempo of 0", GOOD_XML.replace("<note>", '<sound tempo="0"/><note>').encode()
    yield (
        "a backup before the beginning",
        GOOD_XML.replace(
            "</measure>", "<backup><duration>1000</duration></backup>" + XML_NOTE + "</measure>"
        ).encode(),
    )
    yield "a tie that never ends", GOOD_XML.replace("<type>", '<tie type="start"/><type>').encode()
    yield "notes far beyond their bar", score(bar(note=XML_NOTE * 500)).encode()


# --- MXL and other formats ----------------------------------------------------------------------
CONTAINER = (
    '<?xml version="1.0"?><container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'
)


def archive(
    entries: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED, level: int = 9
) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method, compresslevel=level) as file:
        for name, content in entries.items():
            file.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), content, method, level)
    return out.getvalue()


def mxl(root: str = "score.xml", **changes: bytes | str) -> dict[str, bytes | str]:
    return {"META-INF/container.xml": CONTAINER.format(root), "score.xml": GOOD_XML, **changes}


def _archives() -> Iterator[tuple[str, bytes]]:
    good = archive(mxl())
    yield "a good score", good
    yield "no container", archive({"score.xml": GOOD_XML})
    yield "two scores without a container", archive({"a.xml": GOOD_XML, "b.xml": GOOD_XML})
    roots = CONTAINER.format('score.xml"/><rootfile full-path="b.xml')
    yield "two roots", archive(mxl() | {"META-INF/container.xml": roots, "b.xml": GOOD_XML})
    for what, root in (
        ("a path outside", "../../../etc/passwd"),
        ("an absolute path", "/etc/passwd"),
        ("an address", "http://127.0.0.1:9/x.xml"),
        ("nothing", ""),
        ("itself", "META-INF/container.xml"),
    ):
        yield f"a container that names {what}", archive(mxl(root))
    lol = '<!DOCTYPE c [<!ENTITY a "b">]><container><rootfile full-path="&a;"/></container>'
    yield "a container with entities", archive(mxl() | {"META-INF/container.xml": lol})
    yield "a container that is no XML", archive(mxl() | {"META-INF/container.xml": "<<<"})
    yield "a zip bomb", archive(mxl() | {"score.xml": GOOD_XML + " " * 19_000_000})
    yield "a larger zip bomb", archive(mxl() | {f"{i}.xml": bytes(9_000_000) for i in range(4)})
    yield "a size that is not true", _with_false_size(archive(mxl()))
    yield "a nested archive", archive({"a.mxl": archive(mxl())})
    yield "a nested archive as the score", archive(mxl() | {"score.xml": archive(mxl())})
    yield "200 entries", archive(mxl() | {f"{i}.txt": b"" for i in range(200)})
    leading = {"up": "../../../tmp/x.xml", "to the root": "/tmp/x.xml", "on a drive": "C:\\x.xml"}
    for what, name in leading.items():
        yield f"a name that leads {what}", archive(mxl() | {name: GOOD_XML})
    yield "a locked entry", _with_flag(good, 0x1)
    yield "another packing", archive(mxl(), zipfile.ZIP_LZMA)
    yield "a link in place of a file", _with_link()
    checksum = zlib.crc32(GOOD_XML.encode()).to_bytes(4, "little")
    yield "a broken checksum", good.replace(checksum, b"abcd")
    yield "cut in the middle", good[: len(good) // 2]
    yield "the beginning only", b"PK\x03\x04"
    yield "no entries", archive({})


def _with_flag(data: bytes, flag: int) -> bytes:
    """Set a flag of every entry, in the local headers and in the directory."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            changed[at + offset] |= flag
            at = data.find(mark, at + 4)
    return bytes(changed)


def _with_false_size(data: bytes) -> bytes:
    """State ten bytes as the unpacked size of every entry."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(mark)
        while at >= 0:
            changed[at + offset : at + offset + 4] = (10).to_bytes(4, "little")
            at = data.find(mark, at + 4)
    return bytes(changed)


def _with_link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("META-INF/container.xml", CONTAINER.format("score.xml"))
        entry = zipfile.ZipInfo("score.xml")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    return out.getvalue()


class _Trap:
    """Would run a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (Path("unpickled"),))


def _other_formats() -> Iterator[tuple[str, bytes]]:
    yield "a pickled object", pickle.dumps(_Trap())
    yield "a packed pickled object", gzip.compress(pickle.dumps(_Trap()), mtime=0)
    yield "a packed MIDI file", gzip.compress(header() + GOOD, mtime=0)
    yield "a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</OpenAction 2 0 R>>\nendobj\n"
    yield "a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(100)
    yield "a program", b"\x7fELF\x02\x01\x01" + bytes(200)
    yield "a recording", b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(40)
    yield "ABC notation", b"X:1\nT:Tune\nM:4/4\nK:C\nCDEF|\n"
    yield "kern", b"**kern\n*M4/4\n4c\n*-\n"
    yield "tiny notation with a path", b"tinyNotation: /../../etc/passwd"
    yield "an address", b"http://127.0.0.1:9/x.mid"
    yield "a path", b"/etc/passwd"
    yield "zeros", bytes(10_000)
    yield "2 MB and one byte", header() + GOOD + bytes(2_000_000)
