"""Where the rules of scoring come from, each named once; a rule adds which of its points it means.

Articles with their pages, books with a chapter where the rule has one.
"""

from __future__ import annotations

ADLER = "S. Adler, The Study of Orchestration (3rd ed., 2002)"
CHMIEL_SCHUBERT = (
    "A. Chmiel and E. Schubert, Back to the Inverted-U for Music Preference, Psychology of Music "
    "45 (2017), pp. 886-909"
)
CONKLIN = (
    "D. Conklin, Music Generation from Statistical Models, AISB Symposium on Artificial "
    "Intelligence and Creativity in the Arts and Sciences (2003), pp. 30-35"
)
CONKLIN_ANAGNOSTOPOULOU = (
    "D. Conklin and C. Anagnostopoulou, Representation and Discovery of Multiple Viewpoint "
    "Patterns, International Computer Music Conference (2001), pp. 479-485"
)
CONKLIN_WITTEN = (
    "D. Conklin and I. H. Witten, Multiple Viewpoint Systems for Music Prediction, Journal of New "
    "Music Research 24 (1995), pp. 51-73"
)
EITAN = "Z. Eitan, Highpoints: A Study of Melodic Peaks (1997)"
FOOTE = (
    "J. Foote, Visualizing Music and Audio Using Self-Similarity, ACM Multimedia (1999), pp. 77-80"
)
FUX = "J. J. Fux, Gradus ad Parnassum (1725), tr. A. Mann, The Study of Counterpoint (1965)"
HURON_2001 = (
    "D. Huron, Tone and Voice: A Derivation of the Rules of Voice-Leading from Perceptual "
    "Principles, Music Perception 19 (2001), pp. 1-64"
)
HURON_ANTICIPATION = "D. Huron, Sweet Anticipation (2006)"
HURON_ARCH = (
    "D. Huron, The Melodic Arch in Western Folksongs, Computing in Musicology 10 (1996), pp. 3-23"
)
HURON_DENUMERABILITY = (
    "D. Huron, Voice Denumerability in Polyphonic Music of Homogeneous Timbres, Music Perception 6 "
    "(1989), pp. 361-382"
)
HURON_TEXTURES = (
    "D. Huron, Characterizing Musical Textures, International Computer Music Conference (1989), "
    "pp. 131-134"
)
JEPPESEN_STYLE = "K. Jeppesen, The Style of Palestrina and the Dissonance (2nd ed., 1946)"
KRUMHANSL = "C. L. Krumhansl, Cognitive Foundations of Musical Pitch (1990), ch. 4, pp. 77-110"
LERDAHL_JACKENDOFF = (
    "F. Lerdahl and R. Jackendoff, A Generative Theory of Tonal Music (1983), ch. 4, pp. 68-104"
)
LONGUET_HIGGINS_LEE = (
    "H. C. Longuet-Higgins and C. S. Lee, The Rhythmic Interpretation of Monophonic Music, Music "
    "Perception 1 (1984), pp. 424-441"
)
PALMER_KRUMHANSL = (
    "C. Palmer and C. L. Krumhansl, Mental Representations for Musical Meter, Journal of "
    "Experimental Psychology: Human Perception and Performance 16 (1990), pp. 728-741"
)
PARNCUTT = (
    "R. Parncutt and others, An Ergonomic Model of Keyboard Fingering for Melodic Fragments, Music "
    "Perception 14 (1997), pp. 341-382"
)
PATEL_DANIELE = (
    "A. D. Patel and J. R. Daniele, An Empirical Comparison of Rhythm in Language and Music, "
    "Cognition 87 (2003), pp. B35-B45"
)
PISTON = "W. Piston, Harmony (1941)"
ROTHSTEIN = "W. Rothstein, Phrase Rhythm in Tonal Music (1989)"
SCHOENBERG = "A. Schoenberg, Fundamentals of Musical Composition (1967), ch. 3, pp. 8-9"
SHANNON = (
    "C. E. Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27 "
    "(1948), pp. 379-423"
)
TEMPERLEY = "D. Temperley, The Cognition of Basic Musical Structures (2001), ch. 6, pp. 137-165"
VON_HIPPEL_HURON = (
    "P. von Hippel and D. Huron, Why Do Skips Precede Reversals?, Music Perception 18 (2000), "
    "pp. 59-85"
)
VOS_TROOST = (
    "P. G. Vos and J. M. Troost, Ascending and Descending Melodic Intervals, Music Perception 6 "
    "(1989), pp. 383-396"
)
WU_YANG = (
    "S.-L. Wu and Y.-H. Yang, The Jazz Transformer on the Front Line, International Society for "
    "Music Information Retrieval Conference (2020), pp. 142-149"
)
YOUNGBLOOD = "J. E. Youngblood, Style as Information, Journal of Music Theory 2 (1958), pp. 24-35"
