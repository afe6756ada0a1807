// The sound of the page: our own soundfont, or one of the visitor's, through SpessaSynth, loaded once
// for all views.
// Knows channels and notes, not scores. Without a worklet (plain http) there is no sound here.

const MODULE = new URL('./vendor/spessasynth.min.js', import.meta.url).href;
const PROCESSOR = new URL('./vendor/spessasynth_processor.min.js', import.meta.url).href;
const FONT = new URL('../soundfont', import.meta.url).href;
const DRUMS = 9; // of every sixteen
const REVERB = 91;
const PAN = 10;
const CLOSE_SEND = 100;
const LEVEL = 4; // a choir of four at the usual volume is about as loud as in the files

const OWN = 'own';
const MAX_FONT_BYTES = 256 * 2 ** 20;
const FONT_WAIT_MS = 60_000;
const CLICK_HZ = [1050, 1570]; // of a beat, and of the first one of a bar
const CLICK_S = 0.05;

let files; // what is fetched before anybody presses a key
let opened; // the synthesiser, when somebody has

export const NO_WORKLET = 'sound in the page needs https or this very machine; the WAV file has it';

export const NO_FONT = 'this file is no soundfont that can be played; choose an .sf2 or .sf3 file';

/** Read a file as a soundfont: a RIFF file of the kind `sfbk` that is as long as it says. */
export async function readFont(file) {
  if (file.size > MAX_FONT_BYTES) throw new Error('a soundfont may have 256 MB at most');
  const head = new DataView(await file.slice(0, 12).arrayBuffer());
  const text = (at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => head.getUint8(at + n)));
  const isFont = head.byteLength === 12 && text(0) === 'RIFF' && text(8) === 'sfbk';
  if (!isFont || Math.abs(head.getUint32(4, true) + 8 - file.size) > 1) throw new Error(NO_FONT);
  return file.arrayBuffer();
}

/** Whether this browser can sound notes here. */
export function canSound() {
  return typeof AudioWorkletNode === 'function' && window.isSecureContext;
}

/** Fetch library and soundfont ahead of the first note. */
export function prefetch() {
  if (!canSound()) return null;
  files ??= Promise.all([
    import(MODULE),
    fetch(FONT).then((answer) => {
      if (!answer.ok) throw new Error('the soundfont is missing');
      return answer.arrayBuffer();
    }),
  ]);
  files.catch(() => { files = undefined; });
  return files;
}

/** Return the one synthesiser; call it from a click or a key, or browsers keep it silent. */
export function open() {
  opened ??= build();
  opened.catch(() => { opened = undefined; });
  return opened;
}

async function build() {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const [[{ WorkletSynthesizer }, font]] = await Promise.all([
    prefetch(), context.audioWorklet.addModule(PROCESSOR), context.resume(),
  ]);
  const synth = new WorkletSynthesizer(context);
  const gain = new GainNode(context, { gain: LEVEL });
  // Many loud notes at once do not clip.
  const limiter = new DynamicsCompressorNode(context, { threshold: -3, ratio: 20, attack: 0.002 });
  synth.connect(gain);
  gain.connect(limiter).connect(context.destination);
  await synth.soundBankManager.addSoundBank(font.slice(0), 'main');
  await synth.isReady;
  synth.setSystemParameter('chorusGain', 0);
  return new Synth(context, synth, gain);
}

class Synth {
  constructor(context, synth, gain) {
    Object.assign(this, { context, synth, gain, ticking: new Set() });
  }

  get now() { return this.context.currentTime; }

  /** Give every part its channel, sound and seat; the first of them has the number `first`. */
  seat(parts, first = 0) {
    const programs = new Set(this.synth.presetList.map((preset) => preset.program));
    parts.forEach((part, index) => {
      const channel = channelOf(first + index);
      while (this.synth.channelCount <= channel) this.synth.addNewChannel();
      const program = programs.has(part.program) ? part.program : part.stand_in;
      this.synth.programChange(channel, program);
      this.synth.controllerChange(channel, PAN, part.pan);
      if (part.is_close) this.synth.controllerChange(channel, REVERB, CLOSE_SEND);
    });
  }

  down(part, pitch, velocity, time) {
    this.synth.noteOn(channelOf(part), pitch, velocity, { time });
  }

  up(part, pitch, time) {
    this.synth.noteOff(channelOf(part), pitch, { time });
  }

  mute(part, isMuted) {
    this.synth.midiChannels[channelOf(part)]?.setSystemParameter('isMuted', isMuted);
  }

  /** @param {number} volume 0..1; 0 is silent within 30 ms. */
  setVolume(volume) {
    this.gain.gain.cancelScheduledValues(this.now);
    this.gain.gain.setTargetAtTime(volume * volume * LEVEL, this.now, volume ? 0.02 : 0.003);
  }

  hush() {
    this.synth.stopAll(true);
    for (const tone of this.ticking) tone.stop();
    this.ticking.clear();
  }

  /** Click as a metronome does. */
  click(time, isFirst) {
    const tone = new OscillatorNode(this.context, { frequency: CLICK_HZ[Number(isFirst)] });
    const fade = new GainNode(this.context, { gain: 0 });
    fade.gain.setValueAtTime(0.12, time);
    fade.gain.exponentialRampToValueAtTime(0.001, time + CLICK_S);
    tone.connect(fade).connect(this.gain);
    tone.start(time);
    tone.stop(time + CLICK_S);
    this.ticking.add(tone);
    tone.onended = () => this.ticking.delete(tone);
  }

  /** Play by a soundfont of the visitor's, which stays in the browser; without one by our own. */
  async useFont(bytes) {
    const banks = this.synth.soundBankManager;
    if (banks.priorityOrder.includes(OWN)) await banks.deleteSoundBank(OWN);
    if (!bytes) return;
    const loaded = banks.addSoundBank(bytes, OWN);
    const late = new Promise((_, reject) => { setTimeout(reject, FONT_WAIT_MS); });
    await Promise.race([loaded, late]).catch(() => { throw new Error(NO_FONT); });
    banks.priorityOrder = [OWN, ...banks.priorityOrder.filter((id) => id !== OWN)];
  }
}

function channelOf(part) {
  const channel = part % 15;
  return Math.floor(part / 15) * 16 + channel + (channel >= DRUMS ? 1 : 0);
}
