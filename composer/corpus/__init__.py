"""Where music comes from: manifests and files in foreign formats, read as `Piece`."""

from composer.corpus.manifest import Corpus, Entry, Refusal, load_corpus
from composer.corpus.midi import read_midi, read_midi_bytes
from composer.corpus.musicxml import read_musicxml, read_musicxml_bytes
from composer.corpus.report import CorpusReport, corpus_report
from composer.corpus.uploads import read_score, read_score_bytes

__all__ = [
    "Corpus",
    "CorpusReport",
    "Entry",
    "Refusal",
    "corpus_report",
    "load_corpus",
    "read_midi",
    "read_midi_bytes",
    "read_musicxml",
    "read_musicxml_bytes",
    "read_score",
    "read_score_bytes",
]
