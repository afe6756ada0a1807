"""The engine of fractal models: pieces as piano rolls, painted in passes and painted over.

rolls       Piece <-> roll: silence, onset, hold and velocity of every pitch and step
openings    an ask -> what stands, what is open, and what each column is
windows     what is open -> windows as wide as the model reads, one after another
parting     notes of a roll -> notes of parts
engine      asks -> takes
"""
