// Plays a stream: bars that come one by one, each note handed to its outlets a moment before it
// sounds. Knows beats, seconds and notes; no page, no server.

const AHEAD_S = 0.15; // what is handed over cannot be changed any more
const HIDDEN_AHEAD_S = 1.4; // a hidden page is waked once a second
const TICK_MS = 40;
const CUSHION_S = 0.12; // for the way of the news
const LATE_S = 0.25; // a note that is later is left out; its end is not
const LEAP_S = 2; // the machine was asleep: all off, and nothing is made up for
const CALM_S = 3; // after a panic
const GAP_S = 0.001; // from the end of a note to its next beginning, and from a beginning to its end

/** An outlet has `down(part, pitch, velocity, time)`, `up(part, pitch, time)` and `hush()`. */
export class LivePlayer {
  /** @param {() => number} now Seconds, never going back. */
  constructor(now, changed = () => {}) {
    this.now = now;
    this.changed = changed;
    this.outlets = new Set();
    this.reset();
  }

  reset() {
    this.bars = new Map(); // number -> bar
    this.queue = []; // notes that are not handed over: {beats, ...}
    this.held = []; // notes that were: {until, start, part, pitch}
    this.free = new Map(); // part and pitch -> when its last end comes that was handed over
    this.anchors = []; // {beats, at, bpm}: when a beat is, on the clock of the server
    this.offset = null; // our clock minus the server's
    this.mix = { transpose: 0, mute: [], solo: [] };
    this.heard = 0;
    this.late = { bars: 0, notes: 0, worst: 0 };
    this.silentUntil = 0;
    this.last = this.now();
  }

  start() {
    this.last = this.now();
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
  }

  stop() {
    clearInterval(this.timer);
    this.timer = null;
    this.hush();
  }

  /** Take a bar that stands; one that is known already is passed over. */
  take(bar, serverNow) {
    if (this.bars.has(bar.number)) return false;
    const offset = this.now() - serverNow;
    // The fastest news tells the difference of the clocks best; it may creep, not leap.
    if (this.offset === null || offset < this.offset) this.offset = offset;
    else this.offset += Math.min(0.0005, offset - this.offset);
    this.bars.set(bar.number, bar);
    if (this.bars.size > 80) this.bars.delete(Math.min(...this.bars.keys()));
    this.anchor(bar.onset_beats, bar.onset_s, bar.tempo_bpm);
    for (const [part, onset, length, pitch, velocity] of bar.notes) {
      this.queue.push({ beats: bar.onset_beats + onset, length, part, pitch, velocity, bar: bar.number });
    }
    this.queue.sort((a, b) => a.beats - b.beats || a.length - b.length);
    const margin = this.timeOf(bar.onset_beats) - this.now();
    if (margin < 0) {
      this.late.bars += 1;
      this.late.worst = Math.max(this.late.worst, -margin);
      this.offset -= margin - 0.02; // everything that follows moves with it
    }
    return true;
  }

  /** Let a beat be at a moment of the server's clock, and go on at a tempo. */
  anchor(beats, at, bpm) {
    while (this.anchors.length && this.anchors.at(-1).beats >= beats) this.anchors.pop();
    this.anchors.push({ beats, at, bpm });
    if (this.anchors.length > 32) this.anchors.shift();
  }

  /** Change the tempo at once, from the beat that sounds on. */
  setTempo(bpm) {
    const beats = this.beats;
    if (beats === null) return;
    const at = this.now() - CUSHION_S - this.offset;
    this.anchors = this.anchors.filter((one) => one.beats < beats);
    this.anchors.push({ beats, at, bpm });
  }

  /** When a beat sounds, on our clock. */
  timeOf(beats) {
    const one = this.anchors.findLast((each) => each.beats <= beats) ?? this.anchors[0];
    return one.at + ((beats - one.beats) * 60) / one.bpm + this.offset + CUSHION_S;
  }

  /** Which beat sounds; null before the first. */
  get beats() { return this.beatsAt(this.now()); }

  /** Which beat sounds at a time of our clock; null before the first bar is known. */
  beatsAt(time) {
    if (!this.anchors.length) return null;
    const at = time - this.offset - CUSHION_S;
    const one = this.anchors.findLast((each) => each.at <= at) ?? this.anchors[0];
    return one.beats + ((at - one.at) * one.bpm) / 60;
  }

  get isSilent() { return this.now() < this.silentUntil; }

  tick() {
    const now = this.now();
    if (now - this.last > LEAP_S) this.wake();
    this.last = now;
    if (!this.anchors.length) return;
    const until = now + (document.hidden ? HIDDEN_AHEAD_S : AHEAD_S);
    while (this.queue.length) {
      const time = this.timeOf(this.queue[0].beats);
      if (time > until) break;
      this._end(time); // what ends behind it may be the very note that it strikes anew
      this._strike(this.queue.shift(), time, now);
    }
    this._end(until);
    this._noteHeard();
  }

  /** Begin a note; one that sounds ends first, and so does one whose end was handed over already
   * for later, before a change of tempo or better news of the server's clock. */
  _strike(note, time, now) {
    if (time < now - LATE_S) { this.late.notes += 1; return; }
    if (this.isSilent || !this.plays(note.part)) return;
    const pitch = note.pitch + this.mix.transpose;
    if (pitch < 0 || pitch > 127) return;
    const same = this.held.findIndex((one) => one.part === note.part && one.pitch === pitch);
    if (same >= 0) this._up(this.held.splice(same, 1)[0], time - GAP_S);
    const free = this.free.get(nameOf(note.part, pitch)) ?? -Infinity;
    const start = Math.max(time, now, free + GAP_S);
    for (const outlet of this.outlets) outlet.down(note.part, pitch, note.velocity, start);
    this.held.push({ until: note.beats + note.length, start, part: note.part, pitch });
  }

  /** End what ends up to a time. */
  _end(until) {
    const going = [];
    for (const one of this.held) {
      const time = this.timeOf(one.until);
      if (time <= until) this._up(one, time);
      else going.push(one);
    }
    this.held = going;
  }

  /** End a note, behind its beginning even where that is still to come. */
  _up({ part, pitch, start }, time) {
    const end = Math.max(time - GAP_S, this.now(), start + GAP_S);
    this.free.set(nameOf(part, pitch), end);
    for (const outlet of this.outlets) outlet.up(part, pitch, end);
  }

  _noteHeard() {
    const { beats } = this;
    for (const bar of this.bars.values()) {
      if (bar.number > this.heard && bar.onset_beats <= beats) {
        this.heard = bar.number;
        this.changed();
      }
    }
  }

  plays(part) {
    const number = part + 1;
    const { mute, solo } = this.mix;
    return !mute.includes(number) && (!solo.length || solo.includes(number));
  }

  setMix(mix) {
    this.mix = { ...this.mix, ...mix };
    const now = this.now();
    const going = [];
    for (const one of this.held) {
      if (this.plays(one.part) && !('transpose' in mix)) going.push(one);
      else this._up(one, now);
    }
    this.held = going;
  }

  /** End all that sounds, and all that was handed over. */
  hush() {
    for (const one of this.held) this._up(one, 0);
    this.held = [];
    for (const outlet of this.outlets) outlet.hush();
  }

  panic() {
    this.silentUntil = this.now() + CALM_S;
    this.hush();
  }

  /** After a sleep of the machine: nothing is made up for. */
  wake() {
    this.hush();
    const { beats } = this;
    if (beats !== null) this.queue = this.queue.filter((note) => note.beats >= beats);
  }
}

function nameOf(part, pitch) { return `${part} ${pitch}`; }
