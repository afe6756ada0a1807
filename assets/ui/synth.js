// The sound of the page: our own soundfont through SpessaSynth, loaded once for all views.
// Knows channels and notes, not scores. Without a worklet (plain http) there is no sound here.

const MODULE = new URL('./vendor/spessasynth.min.js', import.meta.url).href;
const PROCESSOR = new URL('./vendor/spessasynth_processor.min.js', import.meta.url).href;
const FONT = new URL('../soundfont', import.meta.url).href;
const DRUMS = 9; // of every sixteen
const REVERB = 91;
const PAN = 10;
const CLOSE_SEND = 100;
const LEVEL = 4; // a choir of four at the usual volume is about as loud as in the files

let files; // what is fetched before anybody presses a key
let opened; // the synthesiser, when somebody has

export const NO_WORKLET = 'sound in the page needs https or this very machine; the WAV file has it';

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
    Object.assign(this, { context, synth, gain });
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

  /** @param {number} volume 0..1 */
  setVolume(volume) {
    this.gain.gain.setTargetAtTime(volume * volume * LEVEL, this.now, 0.02);
  }

  hush() { this.synth.stopAll(true); }
}

function channelOf(part) {
  const channel = part % 15;
  return Math.floor(part / 15) * 16 + channel + (channel >= DRUMS ? 1 : 0);
}
