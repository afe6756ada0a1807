// Plays a score: where it is, what sounds, how fast, how loud. Knows the synthesiser, no canvas.

import * as synths from './synth.js';

// Notes are handed over so early, and twice as often; a hidden page is waked once a second only.
const AHEAD_S = 0.15;
const HIDDEN_AHEAD_S = 1.6;
const LEAD_S = 0.06;
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
    this.isSeated = false;
  }

  get isPlaying() { return playing.has(this); }

  /** Where it is, in quarters. */
  get beats() {
    if (!this.isPlaying || !this.started) return this.place;
    const seconds = this.from + Math.max(0, this.now() - this.started) * this.rate;
    return Math.min(this.score.end, this.score.beatsAt(seconds, this.isExpressive));
  }

  async play(beats = this.place) {
    if (!this.score) return;
    hushAll();
    this.place = beats >= this.score.end - 1e-6 ? 0 : Math.max(0, beats);
    playing.add(this);
    this.started = 0;
    this.changed();
    const run = (this.run = {});
    await this._open();
    if (this.run === run && this.isPlaying) this._begin();
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
    this.events = this._events();
    this.next = 0;
    this._schedule();
    this.timer = setInterval(() => this._schedule(), (AHEAD_S * 1000) / 2);
    this.firstSound = performance.now();
  }

  /** Return strokes in the order of time; at one time keys go up first. */
  _events() {
    const events = [];
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
        if (stop <= this.from + 0.02) continue;
        const velocity = this.isExpressive ? note.loudness : note.velocity;
        events.push([Math.max(start, this.from), 1, part, note.pitch, velocity], [stop, 0, part, note.pitch, 0]);
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
    if (this.beats >= this.score.end - 1e-6) this._finish();
  }

  _stroke(seconds, isDown, part, pitch, velocity) {
    const time = this.started + (seconds - this.from) / this.rate;
    if (!this.synth) return;
    if (isDown) this.synth.down(part, pitch, velocity, time);
    else this.synth.up(part, pitch, time);
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
    if (this.isPlaying) this.play(beats);
    else { this.place = Math.min(this.score?.end ?? 0, Math.max(0, beats)); this.changed(); }
  }

  /** Go on from here by other rules: another tempo, other notes, with or without expression. */
  change(rules) {
    const beats = this.beats;
    Object.assign(this, rules);
    if (this.isPlaying) this.play(beats);
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
