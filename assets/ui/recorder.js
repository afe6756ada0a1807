// A microphone: counts in, records, makes a WAV file and gives it to an upload of the page.
// Knows the upload by its element, and nothing of the server.

const PROCESSOR = new URL('./recorder-worklet.js', import.meta.url).href;
const RATE_HZ = 22050;
const MOST_S = 300;
const CLICK_S = 0.03;
const FEWEST_TAPS = 4;
const NO_MICROPHONE = 'the microphone needs https or this very machine; record elsewhere and give the file';
const REFUSED = 'the browser lets no microphone be used; allow it for this page, or give a file';

/** Let the microphone in an element fill an upload, found by a selector. */
export function mount(element, selector) {
  const root = element.querySelector('.recorder');
  root.recorder = new Recorder(root, () => document.querySelector(selector));
}

class Recorder {
  constructor(root, findUpload) {
    this.root = root;
    this.findUpload = findUpload;
    this.go = root.querySelector('.recorder-go');
    this.go.addEventListener('click', () => (this.running ? this.stop() : this.start()));
    this.go.disabled = false;
    this.beat = root.querySelector('.recorder-tap');
    this.beat.addEventListener('pointerdown', () => this.tap());
    this.beat.addEventListener('keydown', (event) => {
      if (event.repeat || (event.key !== ' ' && event.key !== 'Enter')) return;
      event.preventDefault();
      this.tap();
    });
  }

  get tempo() { return Math.min(240, Math.max(30, Number(this._find('tempo').value) || 90)); }

  get meter() { return this._find('meter').value; }

  get countsIn() { return this._find('count').checked; }

  say(words) { this.root.querySelector('.recorder-said').textContent = words; }

  /** Open the microphone, click one bar, and keep what is heard. */
  async start() {
    if (!navigator.mediaDevices || typeof AudioWorkletNode !== 'function') {
      this.say(NO_MICROPHONE);
      return;
    }
    this.go.disabled = true;
    this.say('opening the microphone …');
    try {
      this.running = await this._open();
    } catch {
      this.say(REFUSED);
      return;
    } finally {
      this.go.disabled = false;
    }
    this.go.textContent = 'Stop';
    this.beat.hidden = this.running.first !== null; // a count-in says where beats lie
    if (!this.beat.hidden) this.beat.focus();
    this._tick();
  }

  /** Keep the moment of a beat. */
  tap() {
    const run = this.running;
    if (run) run.taps.push(run.context.currentTime);
  }

  async _open() {
    // What makes speech clearer makes music unclear.
    const wanted = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
    const context = new AudioContext();
    context.resume(); // not awaited: it may take long where there are no loudspeakers
    await context.audioWorklet.addModule(PROCESSOR);
    const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0 });
    const chunks = [];
    node.port.onmessage = ({ data }) => chunks.push(data);
    context.createMediaStreamSource(stream).connect(node);
    const begins = context.currentTime + 0.15;
    const bar = this.countsIn ? clickBar(context, begins, this.meter, this.tempo) : 0;
    const heard = begins + bar + (context.outputLatency || 0) + (context.baseLatency || 0);
    return { stream, context, chunks, first: bar ? heard : null, taps: [], tempo: this.tempo, meter: this.meter };
  }

  _tick() {
    const run = this.running;
    if (!run) return;
    const since = run.context.currentTime - (run.first ?? 0);
    const level = loudest(run.chunks.slice(-20));
    const bars = '▮'.repeat(Math.min(10, Math.ceil(level * 15)));
    const taps = run.taps.length ? `, ${run.taps.length} beats` : '';
    this.say(since < 0 ? 'counting in …' : `recording, ${Math.floor(since)} s${taps} ${bars}`);
    if (since > MOST_S) this.stop();
    else setTimeout(() => this._tick(), 150);
  }

  /** Close the microphone and hand the recording on. */
  async stop() {
    const run = this.running;
    this.running = null;
    this.go.textContent = 'Record';
    this.beat.hidden = true;
    run.stream.getTracks().forEach((track) => track.stop());
    await run.context.close();
    if (!run.chunks.length) {
      this.say('nothing was heard; choose another microphone');
      return;
    }
    const beat = 60 / run.tempo;
    const cut = run.first === null ? 0 : Math.max(0, run.first - beat / 2 - run.chunks[0].at);
    const samples = await resample(joined(run.chunks, cut, run.context.sampleRate), run.context.sampleRate);
    const comment = known(run, run.chunks[0].at + cut);
    await this._give(new File([wav(samples, comment)], 'recording.wav', { type: 'audio/wav' }));
  }

  /** Put a file into the upload, in place of one that is there. */
  async _give(file) {
    this.say('writing it down …');
    const upload = this.findUpload();
    const find = () => upload.querySelector('input[type=file]');
    if (!find()) upload.querySelector('button[aria-label*="lear"], button[aria-label*="emove"]')?.click();
    for (let n = 0; n < 40 && !find(); n += 1) await new Promise((done) => { setTimeout(done, 50); });
    const field = find();
    if (!field) {
      this.say('take the file above away first, then record again');
      return;
    }
    const files = new DataTransfer();
    files.items.add(file);
    field.files = files.files;
    field.dispatchEvent(new Event('change', { bubbles: true }));
    this.say('');
  }

  _find(name) { return this.root.querySelector(`.recorder-${name}`); }
}

/** Return what a file that begins at a moment says of its beats: a count-in, taps, or nothing. */
function known({ first, taps, tempo, meter }, begins) {
  if (first !== null) return `tempo=${tempo} meter=${meter} first-bar=${(first - begins).toFixed(3)}`;
  const moments = taps.map((at) => (at - begins).toFixed(3)).filter((at) => at >= 0);
  return moments.length >= FEWEST_TAPS ? `meter=${meter} taps=${moments.join(',')}` : '';
}

/** Sound one bar of clicks from a moment on; return its length in seconds. */
function clickBar(context, begins, meter, tempo) {
  const [beats, unit] = meter.split('/').map(Number);
  const step = (60 / tempo) * (4 / unit);
  for (let n = 0; n < beats; n += 1) {
    const click = context.createOscillator();
    const level = context.createGain();
    const at = begins + n * step;
    click.frequency.value = n ? 1000 : 1500;
    level.gain.setValueAtTime(0.4, at);
    level.gain.exponentialRampToValueAtTime(0.001, at + CLICK_S);
    click.connect(level).connect(context.destination);
    click.start(at);
    click.stop(at + CLICK_S);
  }
  return beats * step;
}

function loudest(chunks) {
  return chunks.reduce((most, { samples }) => samples.reduce((m, v) => Math.max(m, Math.abs(v)), most), 0);
}

function joined(chunks, cut, rate) {
  const all = new Float32Array(chunks.reduce((n, { samples }) => n + samples.length, 0));
  let place = 0;
  for (const { samples } of chunks) {
    all.set(samples, place);
    place += samples.length;
  }
  return all.subarray(Math.min(all.length - 1, Math.round(cut * rate)));
}

async function resample(samples, rate) {
  const offline = new OfflineAudioContext(1, Math.max(1, Math.ceil((samples.length * RATE_HZ) / rate)), RATE_HZ);
  const buffer = offline.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(samples, 0);
  const source = offline.createBufferSource();
  source.buffer = buffer;
  source.connect(offline.destination);
  source.start();
  return (await offline.startRendering()).getChannelData(0);
}

/** Return a WAV file of 16 bits with a comment. */
export function wav(samples, comment) {
  const words = new TextEncoder().encode(comment ? `${comment}\0` : '');
  const padded = words.length + (words.length % 2);
  const info = words.length ? 12 + 8 + padded : 0;
  const view = new DataView(new ArrayBuffer(44 + info + 2 * samples.length));
  const text = (place, letters) => [...letters].forEach((c, n) => view.setUint8(place + n, c.charCodeAt(0)));
  text(0, 'RIFF');
  view.setUint32(4, view.byteLength - 8, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE_HZ, true);
  view.setUint32(28, RATE_HZ * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  if (info) {
    text(36, 'LIST');
    view.setUint32(40, info - 8, true);
    text(44, 'INFOICMT');
    view.setUint32(52, words.length, true);
    words.forEach((byte, n) => view.setUint8(56 + n, byte));
  }
  text(36 + info, 'data');
  view.setUint32(40 + info, 2 * samples.length, true);
  samples.forEach((value, n) => {
    view.setInt16(44 + info + 2 * n, Math.round(32767 * Math.max(-1, Math.min(1, value))), true);
  });
  return view.buffer;
}
