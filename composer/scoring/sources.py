"""Where the rules of scoring come from, each named once; a rule adds which of its points it means.

Articles have their pages here; to a book a rule adds the page or the numbered paragraph.
"""

from __future__ import annotations

AGAWU = (
    "V. K. Agawu, Structural 'Highpoints' in Schumann's 'Dichterliebe', Music Analysis 3 (1984), "
    "pp. 159-180"
)
ALDWELL_SCHACHTER = "E. Aldwell and C. Schachter, Harmony and Voice Leading (3rd ed., 2003)"
BERRY = "W. Berry, Structural Functions in Music (1976, reprinted 1987)"
BHARUCHA = (
    "J. J. Bharucha, Anchoring Effects in Music: The Resolution of Dissonance, Cognitive "
    "Psychology 16 (1984), pp. 485-518"
)
CAPLIN = (
    "W. E. Caplin, The Classical Cadence: Conceptions and Misconceptions, Journal of the American "
    "Musicological Society 57 (2004), pp. 51-118"
)
CAPLIN_FORM = "W. E. Caplin, Classical Form (1998)"
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
COOK = (
    "N. Cook, The Perception of Large-Scale Tonal Closure, Music Perception 5 (1987), pp. 197-205"
)
DONG = (
    "H.-W. Dong and others, MusPy: A Toolkit for Symbolic Music Generation, International Society "
    "for Music Information Retrieval Conference (2020), pp. 101-108"
)
FOOTE = (
    "J. Foote, Visualizing Music and Audio Using Self-Similarity, ACM Multimedia (1999), pp. 77-80"
)
FUX = "J. J. Fux, Gradus ad Parnassum (1725), tr. A. Mann, The Study of Counterpoint (1965)"
GIRAUD = (
    "M. Giraud and others, Computational Fugue Analysis, Computer Music Journal 39:2 (2015), "
    "pp. 77-96"
)
GOETSCHIUS = "P. Goetschius, The Theory and Practice of Tone-Relations (rewritten ed., 1917)"
HARTE = (
    "C. Harte, M. Sandler and M. Gasser, Detecting Harmonic Change in Musical Audio, ACM Workshop "
    "on Audio and Music Computing Multimedia (2006), pp. 21-26"
)
HURON_2001 = (
    "D. Huron, Tone and Voice: A Derivation of the Rules of Voice-Leading from Perceptual "
    "Principles, Music Perception 19 (2001), pp. 1-64"
)
HURON_ARCH = (
    "D. Huron, The Melodic Arch in Western Folksongs, Computing in Musicology 10 (1996), pp. 3-23"
)
HURON_DENUMERABILITY = (
    "D. Huron, Voice Denumerability in Polyphonic Music of Homogeneous Timbres, Music Perception 6 "
    "(1989), pp. 361-382"
)
HURON_REPETITION = (
    "D. Huron, A Psychological Approach to Musical Form: The Habituation-Fluency Theory of "
    "Repetition, Current Musicology 96 (2013), pp. 7-35"
)
HURON_TEXTURES = (
    "D. Huron, Characterizing Musical Textures, International Computer Music Conference (1989), "
    "pp. 131-134"
)
KRUMHANSL = "C. L. Krumhansl, Cognitive Foundations of Musical Pitch (1990), ch. 4, pp. 77-110"
KRUMHANSL_KESSLER = (
    "C. L. Krumhansl and E. J. Kessler, Tracing the Dynamic Changes in Perceived Tonal "
    "Organization in a Spatial Representation of Musical Keys, Psychological Review 89 (1982), pp. "
    "334-368"
)
LEHMANN = "F. J. Lehmann, A Treatise on Simple Counterpoint in Forty Lessons (1907)"
LERDAHL_JACKENDOFF = "F. Lerdahl and R. Jackendoff, A Generative Theory of Tonal Music (1983)"
LONGUET_HIGGINS_LEE = (
    "H. C. Longuet-Higgins and C. S. Lee, The Rhythmic Interpretation of Monophonic Music, Music "
    "Perception 1 (1984), pp. 424-441"
)
MCKAY_FUJINAGA = (
    "C. McKay and I. Fujinaga, jSymbolic: A Feature Extractor for MIDI Files, International "
    "Computer Music Conference (2006), pp. 302-305"
)
MEREDITH = (
    "D. Meredith, K. Lemström and G. A. Wiggins, Algorithms for Discovering Repeated Patterns in "
    "Multidimensional Representations of Polyphonic Music, Journal of New Music Research 31 "
    "(2002), pp. 321-345"
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
PROUT = "E. Prout, Harmony: Its Theory and Practice (revised ed., 1903)"
RIMSKY_KORSAKOV = "N. Rimsky-Korsakov, Principles of Orchestration (1913), tr. E. Agate (1922)"
ROTHSTEIN = "W. Rothstein, Phrase Rhythm in Tonal Music (1989)"
SCHOENBERG = "A. Schoenberg, Fundamentals of Musical Composition (1967), ch. 3, pp. 8-9"
SHANNON = (
    "C. E. Shannon, A Mathematical Theory of Communication, Bell System Technical Journal 27 "
    "(1948), pp. 379-423"
)
SWAIN = "J. P. Swain, Dimensions of Harmonic Rhythm, Music Theory Spectrum 20 (1998), pp. 48-71"
TEMPERLEY = "D. Temperley, The Cognition of Basic Musical Structures (2001)"
TEMPERLEY_MELODY = (
    "D. Temperley, A Probabilistic Model of Melody Perception, Cognitive Science 32 (2008), pp. "
    "418-444"
)
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
YANG_LERCH = (
    "L.-C. Yang and A. Lerch, On the Evaluation of Generative Models in Music, Neural Computing "
    "and Applications 32 (2020), pp. 4773-4784"
)
YOUNGBLOOD = "J. E. Youngblood, Style as Information, Journal of Music Theory 2 (1958), pp. 24-35"
