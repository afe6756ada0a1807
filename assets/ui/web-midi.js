// MIDI instruments of the visitor through Web MIDI: asked for on a click only. Knows bytes and
// milliseconds, no page.

const ALL_OFF = [64, 66, 123, 120, 121];
const DRUMS = 9;

export const NONE = 'this browser has no Web MIDI; Chrome, Edge, Opera and Firefox have it';
export const REFUSED = 'MIDI was not allowed; allow it beside the address, or open the page in a window of its own';

let access;

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
    this.held = new Map(); // channel and pitch -> how many hold it
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

  down(part, pitch, velocity, time) {
    const [channel, at] = [channelOf(part), this._at(time)];
    this.held.set(`${channel} ${pitch}`, { channel, pitch, at });
    this._send([0x90 | channel, pitch, velocity], at);
  }

  up(part, pitch, time) {
    const name = `${channelOf(part)} ${pitch}`;
    this._end(this.held.get(name) ?? { channel: channelOf(part), pitch, at: 0 }, this._at(time));
    this.held.delete(name);
  }

  /** A beginning that is under way cannot be called back everywhere: its end comes behind it. */
  _end({ channel, pitch, at }, when) {
    this._send([0x80 | channel, pitch, 0], Math.max(when, at + 1));
  }

  /** Silence: first the notes that are held, then everything. */
  hush() {
    const now = performance.now();
    for (const one of this.held.values()) this._end(one, now);
    this.held.clear();
    for (const channel of this.used) {
      for (const number of ALL_OFF) this._send([0xb0 | channel, number, 0], now);
    }
  }
}

function channelOf(part) {
  const channel = part % 15;
  return channel + (channel >= DRUMS ? 1 : 0);
}

/** Call `note(isDown, pitch, velocity, milliseconds)` for what is played on an input. */
export function listen(port, note) {
  port.onmidimessage = ({ data: [status, pitch, velocity], timeStamp }) => {
    const kind = status & 0xf0;
    if (kind === 0x90 && velocity > 0) note(true, pitch, velocity, timeStamp);
    else if (kind === 0x80 || kind === 0x90) note(false, pitch, 0, timeStamp);
  };
  return () => { port.onmidimessage = null; };
}
