// What somebody plays with a stream, in its beats: on the keys of the computer or an instrument.
// Knows the player of the stream, and no page.

import { Recorder } from './live-recorder.js';

const TICK_MS = 50;
const SOONER_S = 1.2; // before the end of a bar, so that an answer can be composed
const LATER_S = 0.2; // and once more when it has ended: what was late is there, too
const EARLY_BEATS = 1 / 8; // that a note may come before its bar line
const AHEAD_S = 0.15;
const COUNT = 'count';
const YOURS = 'yours';
const TAPS = 9;
const TAP_GAP_S = 0.6;
const WARMING_UP = 2; // first taps that do not count
const MOST_LATE_S = 0.4;
const TAP_PAUSE_MS = 2500;

export class Duet {
  /**
   * @param {{kind: string, player: object, ports: object[], sound: Function, click: Function,
   *   send: Function, latencyMs: Function}} options `kind` is `turns` or `along`.
   */
  constructor(options) {
    Object.assign(this, options);
    this.recorder = new Recorder({ ports: this.ports, sound: this.sound, paused: () => {} });
    this.sent = new Map(); // number of a bar -> how often
    this.clicked = -1; // the last beat that was clicked
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  end() {
    clearInterval(this.timer);
    this.recorder.end();
  }

  tick() {
    const { player } = this;
    for (const bar of player.bars.values()) {
      if (bar.label === COUNT || bar.label === YOURS) this._click(bar);
      const isMine = this.kind === 'along' ? bar.number > 1 : bar.label === YOURS;
      const n = this.sent.get(bar.number) ?? 0;
      if (!isMine || n === 2) continue;
      const left = player.timeOf(bar.onset_beats + bar.length_beats) - player.now();
      if (left < [SOONER_S, -LATER_S - this._latency][n]) {
        this.sent.set(bar.number, n + 1);
        this.send(this.played(bar));
      }
    }
    for (const number of this.sent.keys()) if (!player.bars.has(number)) this.sent.delete(number);
  }

  get _latency() { return this.latencyMs() / 1000; }

  /** What was played since a bar began, in quarters since the beginning. */
  played(bar) {
    const now = performance.now();
    const rate = bar.tempo_bpm / 60;
    const notes = [];
    for (const note of this.recorder.notes) {
      note.beats ??= this._beatsAt(note.at);
      if (note.beats < bar.onset_beats - EARLY_BEATS) continue;
      const length = this.recorder.down.get(note.pitch) === note ? (now - note.at) / 1000 : note.length;
      notes.push([Math.max(0, note.beats), Math.min(64, length * rate), note.pitch, note.velocity]);
    }
    const first = bar.onset_beats - 64;
    this.recorder.notes = this.recorder.notes.filter((note) => (note.beats ?? first) >= first);
    return { notes, since: bar.onset_beats, until: Math.max(0, this._beatsAt(now)) };
  }

  /** Which beat was heard when a key went down: sound comes late, and so do keys. */
  _beatsAt(ms) {
    const { player } = this;
    return player.beatsAt(player.now() - (performance.now() - ms) / 1000 - this._latency);
  }

  _click(bar) {
    const { player } = this;
    for (let beat = 0; beat < bar.length_beats; beat += 1) {
      const at = bar.onset_beats + beat;
      const time = player.timeOf(at);
      if (at <= this.clicked || time > player.now() + AHEAD_S || player.isSilent) continue;
      this.clicked = at;
      if (time >= player.now()) this.click(time, beat === 0);
    }
  }
}

/** Finds how late it is from a sound to the key that follows it: clicks are tapped along with. */
export class Calibration {
  /** @param {{now: Function, click: Function, ports: object[], done: Function}} options */
  constructor({ now, click, ports, done }) {
    Object.assign(this, { now, done });
    const first = now() + TAP_GAP_S;
    this.clicks = Array.from({ length: TAPS }, (_, n) => first + n * TAP_GAP_S);
    for (const time of this.clicks) click(time, false);
    this.late = [];
    const sound = (isDown, pitch, velocity, at) => { if (isDown) this.tap(at); };
    this.recorder = new Recorder({ ports, sound, paused: () => {} });
    setTimeout(() => this.end(), (this.clicks.at(-1) - now() + TAP_GAP_S) * 1000);
  }

  /** A key went down, at a time in milliseconds. */
  tap(at) {
    const time = this.now() - (performance.now() - at) / 1000;
    const n = this.clicks.findLastIndex((click) => click <= time + TAP_GAP_S / 4);
    if (n < WARMING_UP) return;
    const late = time - this.clicks[n];
    if (late < MOST_LATE_S) this.late.push(late);
  }

  end() {
    this.recorder.end();
    this.done(this.late.length >= 4 ? Math.max(0, Math.round(1000 * median(this.late))) : null);
  }
}

/** The tempo of taps. */
export class Taps {
  constructor() { this.times = []; }

  /** Take a tap; return the tempo in quarters a minute, null before three. */
  tap(ms) {
    if (ms - (this.times.at(-1) ?? ms) > TAP_PAUSE_MS) this.times = [];
    this.times = [...this.times, ms].slice(-9);
    if (this.times.length < 3) return null;
    return Math.round(60_000 / median(this.times.slice(1).map((time, n) => time - this.times[n])));
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
