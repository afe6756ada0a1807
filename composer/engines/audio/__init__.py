"""Engines of sound: MusicGen from a folder or from the hub. Knows of notes only their chroma.

licence      under which weights are, told before they are loaded
weights      a folder -> the model, checked, in one clear line where it cannot be
sampling     text and chroma -> codes, one step at a time
windows      where the stretches of a long recording begin, and what is heard at their seams
musicgen     asks -> takes with recordings
"""
