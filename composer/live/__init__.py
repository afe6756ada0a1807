"""Music that goes on while it is heard: composed ahead by two bars, chosen, and turned by knobs.

    conductor   where in its form the music is -> what is asked for next
    composing   several candidates of the next two bars, judged in context, the best kept
    score       bars that stand, and the plan behind them that may still be dropped
    decoder     bars -> when each note begins and ends
    events      bars -> all that happens in them
    streams     all of this together, for one listener
    playing     a stream in time, on the clock of the machine or on a virtual one
    journal     what was played, on the disk

Knows no page and no port: whoever plays turns events into sound. docs/live.md describes all of it.
"""

from composer.live.clock import Clock, TempoLine, VirtualClock, WallClock
from composer.live.controls import KNOBS, Control, Cue, Knob, read_cues
from composer.live.decoder import TimedEvent
from composer.live.duets import Duet
from composer.live.journal import Journal, Recording, read_journal
from composer.live.playing import Moment, Outlet, Performance, check_cues_of, stream
from composer.live.score import LiveBar, Mix
from composer.live.streams import Stream

__all__ = [
    "KNOBS",
    "Clock",
    "Control",
    "Cue",
    "Duet",
    "Journal",
    "Knob",
    "LiveBar",
    "Mix",
    "Moment",
    "Outlet",
    "Performance",
    "Recording",
    "Stream",
    "TempoLine",
    "TimedEvent",
    "VirtualClock",
    "WallClock",
    "check_cues_of",
    "read_cues",
    "read_journal",
    "stream",
]
