// Plays a score: where it is, what sounds, how fast, how loud, which bars again and again, and the
// beats that a metronome clicks. Knows the synthesiser, no canvas.

import * as synths from './synth.js';

// Notes are handed over so early, and twice as often; a hidden page is waked once a second only.
const AHEAD_S = 0.15;
const HIDDEN_AHEAD_S = 1.6;
const LEAD_S = 0.06;
const [UP, DOWN, CLICK] = [0, 1, 2]; // keys go up before others go down
const REPEAT_GAP_S = 0.06; // a tone that is struck again is let go a little earlier

const playing = new Set(); // players of all views: one sounds at a time

/** Stop whatever plays on the page. */
export function hushAll() {
  for (const player of [...playing]) player.pause();
}

export class Player {
  /** @param {() => void} changed Called when it begins or stops. */
  constructor(changed) {
    this.changed = changed;
    this.rate = 1;
    this.volume = 0.8;
    this.isExpressive = true;
    this.clicks = false; // whether a metronome is heard
    this.countsIn = false; // whether it clicks a bar before the first note
    this.span = null; // { begin, end } in quarters, which is played again and again
    this.muted = new Set();
    this.solo = new Set();
    this.place = 0; // in quarters, while nothing plays
    this.score = null;
    this.problem = synths.canSound() ? '' : synths.NO_WORKLET;
    this.now = () => performance.now() / 1000;
  }

  /** Take another score, at its beginning. */
  show(score) {
    this.pause();
    this.score = score;
    this.place = 0;
    this.muted.clear();
    this.solo.clear();
    this.span = null;
  }

  get isPlaying() { return playing.has(this); }

  /** Where it is, in quarters. */
  get beats() {
    if (!this.isPlaying || !this.started) return this.place;
    const seconds = this.from + Math.max(0, this.now() - this.started) * this.rate;
    const end = this.span?.end ?? this.score.end;
    return Math.min(end, this.score.beatsAt(seconds, this.isExpressive));
  }

  /** Play from a time on; `isGoingOn` where it sounded already, so that nothing is counted in. */
  async play(beats = this.place, isGoingOn = false) {
    if (!this.score) return;
    hushAll();
    this.place = this._within(beats);
    this.isCounting = this.countsIn && !isGoingOn;
    playing.add(this);
    this.started = 0;
    this.changed();
    const run = (this.run = {});
    await this._open();
    if (this.run === run && this.isPlaying) this._begin();
  }

  /** Return a time at which playing can begin. */
  _within(beats) {
    const { begin = 0, end = this.score.end } = this.span ?? {};
    return beats < begin || beats >= end - 1e-6 ? begin : beats;
  }

  async _open() {
    if (this.problem) return;
    try {
      this.synth = await synths.open();
      await this.synth.context.resume();
      this.now = () => this.synth.now;
    } catch {
      this.problem = 'the sound cannot be loaded here; the WAV file has it';
      this.changed();
    }
  }

  _begin() {
    const { score } = this;
    if (this.synth) {
      this.synth.hush();
      this.synth.seat(score.parts);
      this.synth.setVolume(this.volume);
      this.applyMutes();
    }
    this.from = score.secondsAt(this.place, this.isExpressive);
    this.started = this.now() + LEAD_S;
    if (this.isCounting) this._countIn();
    this.events = this._events();
    this.next = 0;
    this._schedule();
    this.timer = setInterval(() => this._schedule(), (AHEAD_S * 1000) / 2);
    this.firstSound = performance.now();
  }

  /** Click the beats of a bar, and begin after them. */
  _countIn() {
    const { onset, end, pulse } = this.score.barAt(this.place);
    const pulse_s = (this.score.secondsAt(this.place + pulse, this.isExpressive) - this.from) / this.rate;
    const n = Math.max(1, Math.round((end - onset) / pulse));
    for (let beat = 0; beat < n; beat += 1) this.synth?.click(this.started + beat * pulse_s, beat === 0);
    this.started += n * pulse_s;
  }

  /** Return the clicks of the metronome, as events. */
  _clicks(until) {
    const found = [];
    for (const bar of this.clicks ? this.score.bars : []) {
      for (let at = bar.onset; at < bar.end - 1e-6; at += bar.pulse) {
        const seconds = this.score.secondsAt(at, this.isExpressive);
        if (seconds >= this.from - 1e-6 && seconds < until) found.push([seconds, CLICK, at === bar.onset]);
      }
    }
    return found;
  }

  /** Return strokes in the order of time; at one time keys go up first. */
  _events() {
    const until = this.span ? this.score.secondsAt(this.span.end, this.isExpressive) : Infinity;
    const events = this._clicks(until);
    this.score.notes.forEach((notes, part) => {
      const lastStart = new Map();
      for (const note of notes.toReversed()) {
        const end = note.onset + note.length;
        const start = this.score.secondsAt(note.onset, this.isExpressive);
        let stop = this.score.secondsAt(end, this.isExpressive);
        const again = lastStart.get(note.pitch) ?? Infinity;
        if (again <= stop + 0.01) stop = Math.max(start + (again - start) * 0.7, again - REPEAT_GAP_S);
        lastStart.set(note.pitch, start);
        // What sounds already where playing begins is struck there.
        if (stop <= this.from + 0.02 || start >= until - 1e-6) continue;
        stop = Math.min(stop, until);
        const velocity = this.isExpressive ? note.loudness : note.velocity;
        events.push([Math.max(start, this.from), DOWN, part, note.pitch, velocity], [stop, UP, part, note.pitch]);
      }
    });
    return events.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  }

  _schedule() {
    const ahead = document.hidden ? HIDDEN_AHEAD_S : AHEAD_S;
    const until = this.from + (this.now() + ahead - this.started) * this.rate;
    while (this.next < this.events.length && this.events[this.next][0] <= until) {
      this._stroke(...this.events[this.next]);
      this.next += 1;
    }
    if (this.beats < (this.span?.end ?? this.score.end) - 1e-6) return;
    if (this.span) this.play(this.span.begin, true);
    else this._finish();
  }

  _stroke(seconds, kind, ...what) {
    const time = this.started + (seconds - this.from) / this.rate;
    if (!this.synth) return;
    if (kind === CLICK) this.synth.click(time, ...what);
    else if (kind === DOWN) this.synth.down(...what, time);
    else this.synth.up(...what, time);
  }

  _finish() {
    this._halt();
    this.place = 0;
    this.changed();
  }

  _halt() {
    clearInterval(this.timer);
    this.run = null;
    playing.delete(this);
  }

  pause() {
    if (!this.isPlaying) return;
    this.place = this.beats;
    this._halt();
    this._hush();
    this.changed();
  }

  /** Silence what sounds, and what was handed over ahead. */
  _hush() {
    this.synth?.hush();
    setTimeout(() => { if (playing.size === 0) this.synth?.hush(); }, AHEAD_S * 1000 + 20);
  }

  seek(beats) {
    if (this.isPlaying) this.play(beats, true);
    else { this.place = Math.min(this.score?.end ?? 0, Math.max(0, beats)); this.changed(); }
  }

  /** Go on from here by other rules: another tempo, other notes, with or without expression. */
  change(rules) {
    const beats = this.beats;
    Object.assign(this, rules);
    if (this.isPlaying) this.play(beats, true);
  }

  setVolume(volume) {
    this.volume = volume;
    this.synth?.setVolume(volume);
  }

  toggleMute(part) { toggle(this.muted, part); this.applyMutes(); }

  toggleSolo(part) { toggle(this.solo, part); this.applyMutes(); }

  isSilent(part) { return this.solo.size ? !this.solo.has(part) : this.muted.has(part); }

  applyMutes() {
    this.score?.parts.forEach((_, part) => this.synth?.mute(part, this.isSilent(part)));
    this.changed();
  }

  /** Sound one note at once, as when a key is touched. */
  async touch(part, pitch) {
    await this._open();
    if (!this.synth) return;
    if (!this.isPlaying) this.synth.seat(this.score.parts);
    this.synth.down(part, pitch, 80, this.synth.now);
    this.synth.up(part, pitch, this.synth.now + 0.35);
  }
}

function toggle(set, item) {
  if (!set.delete(item)) set.add(item);
}
