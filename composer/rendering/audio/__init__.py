"""`Piece` -> sound file. The one place where FluidSynth is known; its pieces are named below."""

from composer.rendering.audio.render import render_audio, sound_problem
from composer.rendering.audio.soundfonts import find_soundfont

__all__ = ["find_soundfont", "render_audio", "sound_problem"]
