"""What the player of the page sends: on a late machine, under two clocks, whatever is turned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ASSETS = Path(__file__).parents[2] / "assets" / "ui"
MODULES = {"player": "live-player.js", "midi": "web-midi.js"}
LOAD = """async (sources) => {
for (const [name, source] of Object.entries(sources)) {
    const address = URL.createObjectURL(new Blob([source], {type: 'text/javascript'}));
    window[name] = await import(address);
}
window.setInterval = () => 1;
}"""
# A visit of eight bars on a clock that stalls and leaps: unisons that overlap, news that is late or
# faster than any before, a tempo, a transposition and a mute that are turned, an outlet that is
# exchanged. Returns what was sent as [moment, is a beginning, name of the note].
VISIT = """(seed) => {
let state = seed * 7919 + 1;
const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
const whole = (n) => Math.floor(random() * n);
let wall = 10;
let audio = 5; // stalls and catches up
const realNow = performance.now;
performance.now = () => wall * 1000;
const sent = {sound: [], port: []};
const player = new window.player.LivePlayer(() => audio);
const note = (log, at, isDown, name) => log.push([at, isDown, name]);
const sound = {
    down: (part, pitch, velocity, time) => note(sent.sound, time, true, `${part} ${pitch}`),
    up: (part, pitch, time) => note(sent.sound, time, false, `${part} ${pitch}`),
    hush: () => {},
};
const port = {
    state: 'connected',
    send: ([status, pitch], at) => {
        if (status >> 4 === 9 || status >> 4 === 8) {
            note(sent.port, at, status >> 4 === 9, `${status & 15} ${pitch}`);
        }
    },
};
// Half of the ports call back what is under way.
if (seed % 2) port.clear = () => { sent.port = sent.port.filter(([at]) => at <= wall * 1000); };
const parts = [{program: 0}, {program: 1}];
const plug = (offset) => new window.midi.MidiOutlet(port, parts, () => audio, offset);
let outlet = plug(0);
player.outlets = new Set([sound, outlet]);
player.start();
const bars = [];
for (let number = 1; number <= 8; number += 1) {
    const notes = [];
    for (let n = 0; n < 24; n += 1) {
        notes.push([whole(2), whole(16) / 4, 0.05 + whole(24) / 10, 60 + whole(3), 80]);
    }
    bars.push({
        number, notes, onset_beats: (number - 1) * 4, length_beats: 4, tempo_bpm: 240,
        onset_s: number - 1 + 0.4,
    });
}
const begin = wall;
while (wall < begin + 14) {
    const step = random() < 0.1 ? 0.5 * random() : 0.04;
    wall += step;
    audio = Math.max(audio, wall - 5 - 0.1 * random());
    const delay = 0.6 * random() * (random() < 0.4) - 0.3;
    if (bars.length && wall - begin > bars[0].onset_s + delay) {
        player.take(bars.shift(), wall - begin + 0.1 * random());
    }
    const turned = whole(60);
    if (turned === 0) player.setTempo(120 + 240 * random());
    if (turned === 1) player.setMix({transpose: whole(3) - 1});
    if (turned === 2) player.setMix({mute: random() < 0.5 ? [1] : []});
    if (turned === 3) {
        player.panic();
        const late = sent.port.filter(([at, isDown]) => isDown && at > wall * 1000);
        if (seed % 2 && late.length) throw new Error('sounds after a panic');
    }
    if (turned === 4) {
        outlet.hush();
        player.outlets.delete(outlet);
        outlet = plug(whole(200) - 100);
        player.outlets.add(outlet);
    }
    player.tick();
}
player.stop();
performance.now = realNow;
return sent;
}"""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    blank = context.new_page()
    blank.evaluate(LOAD, {name: (ASSETS / file).read_text() for name, file in MODULES.items()})
    yield blank
    context.close()


def faults(messages: list[Any]) -> list[str]:
    """Return what is wrong with messages in the order of their moments."""
    held: set[str] = set()
    found = []
    for at, is_down, name in sorted(messages, key=lambda one: one[0]):
        if is_down and name in held:
            found.append(f"{name} is struck at {at:.4f} while it sounds")
        if is_down:
            held.add(name)
        else:
            held.discard(name)
    return [*found, *(f"{name} sounds for ever" for name in sorted(held))]


def test_no_note_is_struck_while_it_sounds_and_none_sounds_for_ever(page: Page) -> None:
    n_struck = 0
    for seed in range(40):
        sent = page.evaluate(VISIT, seed)
        for where, messages in sent.items():
            assert not faults(messages), (where, seed)
            n_struck += sum(is_down for _, is_down, _ in messages)
    assert n_struck > 2000
