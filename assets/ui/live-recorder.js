// Takes in what somebody plays, on computer keys or MIDI instruments, until it pauses. Knows keys and
// seconds, no page.

import { listen } from './web-midi.js';

const KEYS = 'awsedftgyhujk'; // C4 to C5, as on a piano
const LOWEST = 60;
const PAUSE_MS = 2500; // after the last note: the phrase is over
const LEAST = 3; // notes

export class Recorder {
  /** @param {{ports: object[], sound: Function, paused: Function}} options */
  constructor({ ports, sound, paused }) {
    Object.assign(this, { sound, paused });
    this.notes = [];
    this.down = new Map(); // pitch -> its note
    this._press = (event) => this._key(event, true);
    this._release = (event) => this._key(event, false);
    window.addEventListener('keydown', this._press);
    window.addEventListener('keyup', this._release);
    this.deaf = ports.map((port) => listen(port, (...note) => this.take(...note)));
  }

  _key(event, isDown) {
    const step = KEYS.indexOf(event.key.toLowerCase());
    const isTyping = event.target.closest?.('input:not([type="range"]), textarea, select');
    if (step < 0 || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    event.preventDefault();
    this.take(isDown, LOWEST + step, 90, event.timeStamp);
  }

  /** A key goes down or up, at a time in milliseconds. */
  take(isDown, pitch, velocity, at) {
    const note = this.down.get(pitch);
    if (note) note.length = (at - note.at) / 1000;
    this.down.delete(pitch);
    if (isDown) {
      const fresh = { at, pitch, velocity, length: 0 };
      this.down.set(pitch, fresh);
      this.notes.push(fresh);
    }
    this.sound(isDown, pitch, velocity, at);
    clearTimeout(this.timer);
    if (!this.down.size && this.notes.length >= LEAST) this.timer = setTimeout(() => this.paused(), PAUSE_MS);
  }

  /** Listen no longer; return notes as onset and length in seconds, pitch and velocity. */
  end() {
    clearTimeout(this.timer);
    window.removeEventListener('keydown', this._press);
    window.removeEventListener('keyup', this._release);
    for (const stop of this.deaf) stop();
    for (const pitch of [...this.down.keys()]) this.take(false, pitch, 0, performance.now());
    clearTimeout(this.timer);
    const first = this.notes[0]?.at ?? 0;
    return this.notes.map(({ at, length, pitch, velocity }) => [(at - first) / 1000, length, pitch, velocity]);
  }
}
