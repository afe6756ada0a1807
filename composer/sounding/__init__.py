"""MIDI ports: timed bytes out, a clock out and in, and silence whatever happens. Knows no music.

    messages    bytes, and which notes sound
    ports       what of this machine can be played on
    desk        timed messages -> a port; a clock; a watchdog
    sender      a desk in a process of its own, fed from here
    following   the clock of another instrument -> when its beats come

python-rtmidi is needed where a port is opened, and nowhere else.
"""

from composer.sounding.following import Follower
from composer.sounding.ports import VIRTUAL, open_input, port_names
from composer.sounding.sender import Sender

__all__ = ["VIRTUAL", "Follower", "Sender", "open_input", "port_names"]
