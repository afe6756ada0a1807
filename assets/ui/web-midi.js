// MIDI instruments of the visitor through Web MIDI: asked for on a click only. Knows bytes and
// milliseconds, no page.

const ALL_OFF = [64, 66, 123, 120, 121];
const PEDAL = 64;
const DRUMS = 9;
const GAP_MS = 1; // Web MIDI promises no order of messages of one moment

export const NONE = 'this browser has no Web MIDI; Chrome, Edge, Opera and Firefox have it';
export const REFUSED = 'MIDI was not allowed; allow it beside the address, or open the page in a window of its own';

let access;
// When the last end comes that was sent for a channel and pitch, on each port, whoever sent it.
const endings = new WeakMap();

/** Ask for the instruments; call it from a click. */
export async function ask() {
  if (!navigator.requestMIDIAccess) throw new Error(NONE);
  try {
    access ??= await navigator.requestMIDIAccess();
  } catch {
    throw new Error(REFUSED);
  }
  return { outputs: [...access.outputs.values()], inputs: [...access.inputs.values()] };
}

/** An outlet of the player, on one output; its clock is the player's, in seconds. */
export class MidiOutlet {
  /** @param {() => number} now The player's clock. */
  constructor(port, parts, now, offsetMs = 0) {
    Object.assign(this, { port, now, offsetMs });
    this.used = new Set();
    this.held = new Map(); // channel and pitch -> the beginning
    if (!endings.has(port)) endings.set(port, new Map());
    this.ended = endings.get(port);
    parts.forEach((part, index) => {
      this._send([0xc0 | channelOf(index), part.program], performance.now());
      this.used.add(channelOf(index));
    });
  }

  _at(time) {
    return Math.max(performance.now(), performance.now() + (time - this.now()) * 1000 + this.offsetMs);
  }

  _send(bytes, at) {
    if (this.port.state !== 'disconnected') this.port.send(bytes, at);
  }

  /** Begin a note, behind its last end: the difference of the clocks is not steady, so that what
   * comes later on one may come earlier on the other. */
  down(part, pitch, velocity, time) {
    const channel = channelOf(part);
    const name = `${channel} ${pitch}`;
    const when = this._at(time);
    if (this.held.has(name)) this._end(this.held.get(name), when - GAP_MS);
    const at = Math.max(when, (this.ended.get(name) ?? 0) + GAP_MS);
    this.held.set(name, { channel, pitch, at });
    this._send([0x90 | channel, pitch, velocity], at);
  }

  up(part, pitch, time) {
    const one = this.held.get(`${channelOf(part)} ${pitch}`);
    if (one) this._end(one, this._at(time));
  }

  /** A beginning that is under way cannot be called back everywhere: its end comes behind it. */
  _end({ channel, pitch, at }, when) {
    const end = Math.max(when, at + GAP_MS);
    this.ended.set(`${channel} ${pitch}`, end);
    this.held.delete(`${channel} ${pitch}`);
    this._send([0x80 | channel, pitch, 0], end);
  }

  /** Silence: first the notes that are held, then everything. Where what is under way can be called
   * back, it is, and so notes whose ends were under way end now. */
  hush() {
    const now = performance.now();
    if (this.port.clear) {
      this.port.clear();
      for (const [name, at] of this.ended) {
        if (at <= now) continue;
        const [channel, pitch] = name.split(' ').map(Number);
        this.held.set(name, { channel, pitch, at: 0 });
      }
      for (const one of this.held.values()) one.at = 0;
    }
    for (const one of [...this.held.values()]) this._end(one, now);
    for (const channel of this.used) {
      for (const number of ALL_OFF) this._send([0xb0 | channel, number, 0], now);
    }
  }
}

function channelOf(part) {
  const channel = part % 15;
  return channel + (channel >= DRUMS ? 1 : 0);
}

/** Call `note(isDown, pitch, velocity, milliseconds)` for what is played on an input; a note that the
 * pedal holds ends with the pedal. */
export function listen(port, note) {
  let isPedalDown = false;
  const held = new Set(); // pitches that the pedal alone holds
  port.onmidimessage = ({ data: [status, pitch, velocity], timeStamp }) => {
    const kind = status & 0xf0;
    if (kind === 0x90 && velocity > 0) {
      held.delete(pitch);
      note(true, pitch, velocity, timeStamp);
    } else if (kind === 0x80 || kind === 0x90) {
      if (isPedalDown) held.add(pitch);
      else note(false, pitch, 0, timeStamp);
    } else if (kind === 0xb0 && pitch === PEDAL) {
      isPedalDown = velocity >= 64;
      if (isPedalDown) return;
      for (const one of held) note(false, one, 0, timeStamp);
      held.clear();
    }
  };
  return () => { port.onmidimessage = null; };
}
