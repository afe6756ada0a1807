"""A report as a page: what was measured, a chart and its figures, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from composer.evaluation.charts import points, shares, tails
from composer.evaluation.page import between, figure, folded, html_page, section, table
from composer.evaluation.recognition import REAL

Values = Mapping[str, Any]
MIN_FORM_PIECES = 3


def report_page(report: Values) -> str:
    """Return the HTML of a report."""
    fingerprint = report["versions"]["checkpoint"]
    return html_page(
        f"Evaluation of checkpoint {fingerprint[:12]}",
        [
            _begin(report),
            _likelihood(report["likelihood"]),
            _fidelity(report["fidelity"]),
            _recognition(report["recognition"]),
            _two_sample(report["two_sample"]),
            _distributions(report["distributions"]),
            _craft(report["craft"]),
            _memorisation(report["memorisation"]),
            _menu(report["menu"]),
        ],
    )


def _begin(report: Values) -> str:
    counts = report["counts"]
    versions = ", ".join(f"{name} {text}" for name, text in report["versions"].items())
    text = (
        f"{counts['real']} real pieces that were held back from training stand beside "
        f"{counts['first draws']} first draws for their settings and {counts['winners']} winners "
        f"among {report['options']['candidates']} candidates; {counts['other real']} training "
        "pieces of the same composers and forms (other real) show how far real pieces differ from "
        "one another. Of long pieces the first 16 bars are compared. Brackets and lines are 95 % "
        "intervals over resampled pieces (Wilson's for shares)."
    )
    return f"<p>{text}</p>\n<p class='faint'>{versions}</p>"


def _likelihood(found: Values) -> str:
    forms = {n: f for n, f in found["by_form"].items() if f["pieces"] >= MIN_FORM_PIECES}
    rows = {"all": found["overall"], "four-part chorales": found["chorales"]} | forms
    sixteenth = found["chorales"].get("nats_per_16th")
    return section(
        "Likelihood",
        "Nats a note on the validation split, conditions and bars left given; lower is better. "
        f"Four-part chorales: {figure(sixteenth)} nats a sixteenth. Forms of fewer than "
        f"{MIN_FORM_PIECES} pieces are left out.",
        points(
            [(name, {"nats a note": one["interval"]}) for name, one in rows.items()], "nats a note"
        ),
        table(
            ("", "pieces", "notes", "nats a note"),
            [
                (name, str(one["pieces"]), f"{one['notes']:,}", between(one["interval"]))
                for name, one in rows.items()
            ],
        ),
    )


def _fidelity(found: Values) -> str:
    columns = {name: found[name] for name in ("winners", "all draws", REAL)}
    checks = list(found["winners"])
    rows = [
        (check, {name: column[check] for name, column in columns.items() if check in column})
        for check in checks
    ]
    return section(
        "Do pieces keep to their requests?",
        f"{found['requests']} requests, one for every pair of composer and form on the menu, keys, "
        "meters, lengths and parts going round. Meter, bars, parts and key signature are read from "
        "the written file; mode, final bass and key are estimated from the notes, as they are from "
        "real pieces whose key is written in the score. No piece: what became none.",
        points(rows, "share"),
        _sets_table(rows, list(columns)),
    )


def _recognition(found: Values) -> str:
    blocks = []
    for what in ("composer", "form"):
        one = found[what]
        sets = list(one["sets"])
        rows = [("all", one["sets"]), *one["by_form"].items()]
        enough = [
            (name, series)
            for name, series in rows
            if series.get(REAL, {"n": 0})["n"] >= MIN_FORM_PIECES
        ]
        ratios = "; ".join(f"{name} {between(r)}" for name, r in one["of_real"].items())
        blocks += [
            f"<h3>{what}</h3><p>By the rate of their own real pieces: {ratios}. "
            f"By chance: {figure(one['chance'])}.</p>",
            points(enough, f"share whose {what} is named", mark=one["chance"]),
            folded("figures", _sets_table(rows, sets)),
        ]
    return section(
        "Are composer and form recognised?",
        "A classifier of n-grams of degrees, intervals, rhythms and harmonies has learned training "
        "pieces. It names the composer among those of the form, and the form among all. The rate "
        "on real pieces that it has not seen says how much can be told at all.",
        *blocks,
    )


def _two_sample(found: Values) -> str:
    rows = [(name, {"AUC": interval}) for name, interval in found.items()]
    return section(
        "Can a classifier tell them from real pieces?",
        "AUC of a cross-validated classifier on distributions and rule values, against the real "
        "pieces held back: 0.5 cannot be told, 1 always. Other real pieces and damaged ones show "
        "what the measure says where the answer is known; of a set of few pieces the classifier "
        "learns less.",
        points(rows, "AUC", mark=0.5),
        table(
            ("", "pieces", "AUC"),
            [(name, str(one["n"]), between(one)) for name, one in found.items()],
        ),
    )


def _distributions(found: Values) -> str:
    drawn = (REAL, "first draws", "winners")
    panels = [
        (
            f"{name}: {kind['label']}",
            kind["bins"],
            {which: kind["sets"][which]["shares"] for which in drawn},
        )
        for name, kind in found.items()
    ]
    others = [name for name in next(iter(found.values()))["sets"] if name != REAL]
    tables = (
        table(
            (title, *others),
            [
                (name, *(between(kind["sets"][which][measure]) for which in others))
                for name, kind in found.items()
            ],
        )
        for measure, title in (("overlap", "overlapping area"), ("shared", "shared by the means"))
    )
    return section(
        "Distributions",
        "Shares by bin, every piece of equal weight. Overlapping area (after Yang and Lerch): of "
        "the distances among real pieces and the distances from them, 1 if the others lie among "
        "the real pieces; shared: what the mean shares have in common.",
        shares(panels),
        *tables,
    )


def _craft(found: Values) -> str:
    rules = found["rules"]
    sets = list(found["total"])
    inside = [
        (rule["name"].replace("_", " "), {n: one["inside"] for n, one in rule["sets"].items()})
        for rule in rules
    ]
    measured = [row for row in inside if any(one["value"] is not None for one in row[1].values())]
    totals = "; ".join(f"{name} {between(one)}" for name, one in found["total"].items())
    return section(
        "Voice leading and structure",
        "Share of pieces inside the band of real pieces of their form, rule by rule. "
        f"Mean total of the scorecard: {totals}.",
        points(measured, "share inside the band"),
        folded(
            "means of every rule",
            table(
                ("rule", "family", "unit", *sets),
                [
                    (
                        rule["name"].replace("_", " "),
                        rule["family"],
                        rule["unit"],
                        *(between(rule["sets"][name]["mean"]) for name in sets),
                    )
                    for rule in rules
                ],
            ),
        ),
    )


def _memorisation(found: Values) -> str:
    longest = [
        (name, str(row["notes"]), row["like"])
        for name, one in found.items()
        for row in one["longest"]
    ]
    return section(
        "Memorisation",
        "The longest run of notes of a line that a piece shares with a training piece, at any "
        "pitch: the share of pieces whose run is at least so long. Real pieces held back are the "
        "measure: scales and figures are everybody's.",
        tails({name: one["notes"] for name, one in found.items()}, "notes of the longest run"),
        table(
            ("", "median", "90 %", "chance to be longer than a real one"),
            [
                (name, *(between(one.get(c)) for c in ("median", "90 %", "longer_than_real")))
                for name, one in found.items()
            ],
        ),
        folded("the longest", table(("set", "notes", "like"), longest)),
    )


def _menu(found: Values) -> str:
    columns = ("no piece", "kept", "mode", "final bass", "composer named", "form named")
    by_pieces = [
        (row["name"], {column: row[column] for column in columns[1:]})
        for row in found["by_pieces"]
        if "kept" in row
    ]
    return section(
        "The menu",
        "What came of asking for every pair, by the number of training pieces behind it. Kept: all "
        "that the file states.",
        points(by_pieces, "share of draws, by training pieces"),
        _sets_table([(r["name"], r) for r in found["by_pieces"] if "kept" in r], columns),
        folded(
            "every pair",
            table(
                ("pair", "pieces", *columns),
                [
                    (row["name"], str(row["pieces"]), *(figure(row[c]["value"]) for c in columns))
                    for row in found["rows"]
                ],
            ),
        ),
    )


def _sets_table(rows: Sequence[tuple[str, Values]], names: Sequence[str]) -> str:
    return table(
        ("", *names),
        [(name, *(between(series.get(one)) for one in names)) for name, series in rows],
    )
