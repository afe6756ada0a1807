"""What the player of the page sends: on a late machine, under two clocks, whatever is turned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser
ASSETS = Path(__file__).parents[2] / "assets" / "ui"
# In an order in which each stands behind what it imports.
MODULES = {
    "player": "live-player.js",
    "midi": "web-midi.js",
    "recorder": "live-recorder.js",
    "duet": "live-duet.js",
}
LOAD = """async (sources) => {
const addresses = {};
for (const [name, file, source] of sources) {
    let text = source;
    for (const [other, address] of Object.entries(addresses)) {
        text = text.replaceAll(`'./${other}'`, `'${address}'`);
    }
    addresses[file] = URL.createObjectURL(new Blob([text], {type: 'text/javascript'}));
    window[name] = await import(addresses[file]);
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
    sources = [[name, file, (ASSETS / file).read_text()] for name, file in MODULES.items()]
    blank.evaluate(LOAD, sources)
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


# A turn of one bar at 60 quarters a minute, bar lines at 4 and 8 s: an early note on the bar line,
# one that the pedal holds, one that is still down; all come 100 ms late, as sound and keys do.
TURN = """() => {
let wall = 0;
performance.now = () => wall * 1000;
const player = new window.player.LivePlayer(() => wall);
const port = {name: 'Keys'};
const sent = [];
const clicks = [];
const bar = (number, label) => player.take({
    number, label, notes: [], onset_beats: (number - 1) * 4, length_beats: 4, tempo_bpm: 60,
    onset_s: (number - 1) * 4 - 0.12,
}, wall);
bar(1, 'count');
bar(2, 'yours');
bar(3, 'new');
const duet = new window.duet.Duet({
    kind: 'turns', player, ports: [port], sound: () => {}, latencyMs: () => 100,
    click: (time, isFirst) => clicks.push([time, isFirst]), send: (played) => sent.push(played),
});
const keys = [
    [3.95, [0x90, 60, 90]], [4.6, [0x80, 60, 0]], [4.7, [0xb0, 64, 127]], [5.1, [0x90, 64, 80]],
    [5.3, [0x80, 64, 0]], [6.1, [0xb0, 64, 0]], [7.1, [0x90, 67, 70]],
].map(([at, data]) => [at + 0.1, data]);
for (wall = 0; wall < 9; wall += 0.05) {
    while (keys.length && keys[0][0] <= wall) {
        const [at, data] = keys.shift();
        port.onmidimessage({data, timeStamp: at * 1000});
    }
    duet.tick();
}
duet.end();
return {sent, clicks};
}"""


def test_what_is_played_in_a_turn_is_sent_in_beats_before_it_ends_and_behind(page: Page) -> None:
    found = page.evaluate(TURN)
    early, late = found["sent"]
    assert early["since"] == late["since"] == 4 and 6.6 < early["until"] < 7.0 < 8 < late["until"]
    heard = [
        [round(onset, 2), round(length, 2), pitch] for onset, length, pitch, _ in late["notes"]
    ]
    assert heard[:2] == [[3.95, 0.65, 60], [5.1, 1.0, 64]]
    assert heard[2][0] == 7.1 and heard[2][2] == 67 and heard[2][1] > 1
    assert [note[2] for note in early["notes"]] == [60, 64]
    assert [round(time, 2) for time, _ in found["clicks"]] == [float(beat) for beat in range(8)]
    assert [is_first for _, is_first in found["clicks"]] == [True, False, False, False] * 2


def test_taps_tell_the_tempo_and_how_late_keys_come(page: Page) -> None:
    tempos = page.evaluate(
        "() => { const taps = new window.duet.Taps();"
        "return [0, 510, 1000, 1490, 9000].map((ms) => taps.tap(ms)); }"
    )
    assert tempos == [None, None, 120, 122, None]
    late = page.evaluate(
        """() => {
        let wall = 1, found;
        performance.now = () => wall * 1000;
        window.setTimeout = () => {};
        const one = new window.duet.Calibration({
            now: () => wall, click: () => {}, ports: [], done: (ms) => { found = ms; },
        });
        for (const click of one.clicks) { wall = click + 0.13; one.tap(wall * 1000); }
        one.end();
        return found;
        }"""
    )
    assert late == 130
