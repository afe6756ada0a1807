// The Live page: a stream of the server, what sounds, and what is turned. The server composes; here
// its events become sound, a picture and words, and what is turned is sent back.

import { Calibration, Duet, Taps } from './live-duet.js';
import { LivePlayer } from './live-player.js';
import { LiveRoll } from './live-roll.js';
import { hushAll } from './player.js';
import { Recorder } from './live-recorder.js';
import * as synths from './synth.js';
import * as midi from './web-midi.js';

const HEARD_MS = 4000;
const KEPT_BARS = 32;
const OPEN = '';
const PLAY = 'Play a theme, and it goes on';
const DUETS = [['Listen', ''], ['Play in turns of four bars', 'turns'], ['Play along', 'along']];
const FILES = [['mid', 'MIDI'], ['musicxml', 'MusicXML'], ['wav', 'WAV'], ['mp3', 'MP3']];
const PAGES = [['extend', 'extend-upload'], ['edit', 'edit-upload'], ['inspect', 'upload']];
const GONE = 'the stream is gone; start another';
const AWAY = 'the server does not answer; it is asked again';

export function mount(element, props) {
  const root = element.querySelector('.live');
  root.live = new Live(root, JSON.parse(props.value));
  document.addEventListener('pointerdown', () => synths.prefetch(), { once: true });
  if (new URLSearchParams(location.search).has('kiosk')) root.live.tuneIn();
}

class Live {
  constructor(root, facts) {
    Object.assign(this, { root, facts });
    this.id = null;
    this.plan = { bars: [], controls: [] };
    this.clock = () => performance.now() / 1000;
    this.player = new LivePlayer(() => this.clock(), () => this._heard());
    this._build();
    this.roll = new LiveRoll(this.canvas, facts.colours);
    this._frame = this._frame.bind(this);
    this._show();
  }

  // --- What is on the page ----------------------------------------------------------------------

  _build() {
    const { composers, forms, keys, styles } = this.facts;
    this.fields = {
      composer: select('Composer', [['Any composer', OPEN], ...composers.map((name) => [name, name])]),
      style: select('Style', [['Any style', OPEN], ...styles.map((name) => [name, name])]),
      form: select('Form', [['Any form', OPEN], ...forms.map((name) => [name, name])]),
      key: select('Key', [['Any key', OPEN], ...keys.map((name) => [name, name])]),
      temperature: slider('Temperature', 0.5, 1.5, 0.05, 1),
      liveliness: slider('Liveliness', -1, 1, 0.1, 0),
      tempo: slider('Tempo, quarters a minute', 30, 240, 1, 90),
      transpose: slider('Transpose, semitones', -12, 12, 1, 0),
      volume: slider('Volume', 0, 1, 0.01, 0.8),
    };
    this.duetKind = select('You', DUETS);
    this.duetKind.input.dataset.knob = 'duet';
    this.latency = slider('Sound and keys come later by, ms', 0, 400, 5, 0);
    this.tapTempo = button('Tap the tempo', () => this._tapTempo(), 'live-tap');
    this.calibrate = button('Find the delay by tapping', () => this._calibrate(), 'live-calibrate');
    this.taps = new Taps();
    for (const [name, field] of Object.entries(this.fields)) {
      field.input.addEventListener('change', () => this._turn(name, field.input.value));
      field.input.dataset.knob = name;
    }
    this.fields.volume.input.addEventListener('input', () => this._setVolume());
    this.start = button('Start', () => this.begin(), 'live-start primary');
    this.radio = button('Radio: one stream for all', () => this.tuneIn(), 'live-radio');
    this.stop = button('Stop', () => this.end(), 'live-stop');
    this.acts = {
      again: button('Again: the last four bars become the theme', () => this._control('again')),
      turn: button('Turn: choose the next bars anew', () => this._control('turn')),
      close: button('Close now', () => this._control('close')),
      panic: button('Panic', () => this.panic(), 'live-panic'),
    };
    this.status = make('p', 'live-status', { role: 'status' });
    this.why = make('p', 'live-why');
    this.health = make('p', 'live-health note');
    this.waiting = make('ul', 'live-waiting');
    this.parts = make('div', 'live-parts');
    this.canvas = make('canvas', 'live-roll', {
      role: 'img', 'aria-label': 'piano roll that moves with the music; pale bars may still change',
    });
    this.midi = button('MIDI instruments …', () => this._askMidi(), 'live-midi');
    this.playing = button(PLAY, () => this._record(), 'live-play');
    this.outlets = make('div', 'live-outlets');
    this.kept = make('div', 'live-kept');
    this.kept.append(
      note(`keep the last ${KEPT_BARS} bars:`),
      ...FILES.map(([kind, name]) => button(`↓ ${name}`, () => this._save(kind), `live-${kind}`)),
      ...PAGES.map(([page, id]) => button(`Open in ${page[0].toUpperCase()}${page.slice(1)}`, () => this._take(page, id))),
    );
    const { composer, style, form, key, temperature, liveliness, tempo, transpose, volume } = this.fields;
    this.root.replaceChildren(
      row(composer, style, form, key),
      row(temperature, liveliness, tempo, transpose, volume),
      row(this.duetKind, this.latency),
      group(this.tapTempo, this.calibrate),
      group(this.start, this.playing, this.stop, ...Object.values(this.acts), this.radio),
      this.status, this.canvas, this.why, this.waiting, this.parts, this.kept,
      group(this.midi, this.outlets), this.health,
    );
  }

  _show() {
    const isOn = Boolean(this.id) && !this.isOver;
    const isOwn = isOn && !this.isShared;
    this.root.dataset.state = isOn ? 'on' : 'off';
    this.start.disabled = isOn;
    this.radio.disabled = isOn;
    this.playing.disabled = isOn;
    this.stop.disabled = !isOn;
    this.duetKind.input.disabled = isOn;
    this.calibrate.disabled = isOn;
    for (const one of Object.values(this.acts)) one.disabled = !isOwn;
    this.acts.panic.disabled = !isOn;
    this.kept.hidden = !this.id;
    this.waiting.replaceChildren(...this.plan.controls.map((control) => {
      const item = make('li');
      item.append(control.text, ' ', button('take back', () => this._undo(control.id)));
      return item;
    }));
  }

  say(words) { this.status.textContent = words; }

  // --- The stream -------------------------------------------------------------------------------

  async begin(theme = []) {
    const asked = {};
    for (const name of ['composer', 'style', 'form', 'key']) {
      if (this.fields[name].input.value) asked[name] = this.fields[name].input.value;
    }
    asked.temperature = Number(this.fields.temperature.input.value);
    asked.seed = Math.floor(Math.random() * 2 ** 31);
    if (this.isTempoAsked) asked.tempo_bpm = Number(this.fields.tempo.input.value);
    if (theme.length) asked.theme = theme;
    else if (this.duetKind.input.value) asked.duet = this.duetKind.input.value;
    await this._open('live', asked);
    if (asked.duet && this.id && !this.isOver) await this._playWith(asked.duet);
  }

  // --- Playing with it --------------------------------------------------------------------------

  async _playWith(kind) {
    this.duet = new Duet({
      kind,
      player: this.player,
      ports: this.ports?.inputs ?? [],
      sound: (isDown, pitch, velocity) => {
        if (isDown) this.synth?.down(0, pitch, velocity, this.synth.now);
        else this.synth?.up(0, pitch, this.synth.now);
      },
      click: (time, isFirst) => this.synth?.click(time, isFirst),
      send: (played) => post(`live/${this.id}/played`, played).catch(() => {}),
      latencyMs: () => Number(this.latency.input.value),
    });
    this.say('one bar is counted in, then you play: the keys A to K are C4 to C5, W E T Y U the black ones');
  }

  _tapTempo() {
    const tempo = this.taps.tap(performance.now());
    if (tempo === null) return;
    this._setField('tempo', Math.min(240, Math.max(30, tempo)));
    this._turn('tempo', this.fields.tempo.input.value);
  }

  async _calibrate() {
    hushAll();
    await this._openSound();
    if (!this.synth) { this.say(this.silence); return; }
    this.say('tap a key, A to K, with every click');
    this.calibrate.disabled = true;
    this.calibration = new Calibration({
      now: () => this.synth.now,
      click: (time, isFirst) => this.synth.click(time, isFirst),
      ports: this.ports?.inputs ?? [],
      done: (late) => {
        this._show();
        if (late === null) { this.say('too few taps came; try again'); return; }
        this.latency.input.value = late;
        this.latency.input.dispatchEvent(new Event('input'));
        this.say(`what you play is taken to be ${this.latency.input.value} ms earlier than it comes`);
      },
    });
  }

  // --- A theme that is played -------------------------------------------------------------------

  /** Listen to what is played, on computer keys or an instrument, until it pauses. */
  async _record() {
    if (this.recorder) { this._recorded(); return; }
    hushAll();
    await this._openSound();
    this.synth?.seat([{ program: 0, stand_in: 0, pan: 64, is_close: false }]);
    this.recorder = new Recorder({
      ports: this.ports?.inputs ?? [],
      sound: (isDown, pitch, velocity) => {
        if (isDown) this.synth?.down(0, pitch, velocity, this.synth.now);
        else this.synth?.up(0, pitch, this.synth.now);
      },
      paused: () => this._recorded(),
    });
    this.playing.textContent = 'Go on from here';
    this.say('play a theme: the keys A to K are C4 to C5, W E T Y U the black ones; pause, and it goes on');
  }

  _recorded() {
    const theme = this.recorder.end();
    this.recorder = null;
    this.playing.textContent = PLAY;
    this.begin(theme);
  }

  tuneIn() { return this._open('live/radio', {}); }

  async _open(place, asked) {
    hushAll();
    this.say('composing the first bars …');
    this.start.disabled = true;
    const sound = this._openSound();
    try {
      const stream = await post(place, asked);
      await sound;
      this._listen(stream);
    } catch (error) {
      this.say(error.message);
      this._show();
    }
  }

  async _openSound() {
    if (!synths.canSound()) { this.silence = synths.NO_WORKLET; return; }
    try {
      this.synth = await synths.open();
      this.clock = () => this.synth.now;
    } catch {
      this.silence = 'the sound cannot be loaded here; a MIDI instrument can play';
    }
  }

  _listen(stream) {
    Object.assign(this, { id: stream.id, isShared: stream.is_shared, stream, isOver: false });
    this.plan = { bars: [], controls: [] };
    this.player.reset();
    this.player.outlets.clear();
    if (this.synth) {
      this.synth.hush();
      this.synth.seat(stream.parts);
      this._setVolume();
      this.player.outlets.add(new PageOutlet(this.synth));
    }
    this._connectMidi();
    this._setField('tempo', stream.tempo_bpm);
    this._setField('transpose', 0);
    this._showParts();
    this.player.start();
    this.source?.close();
    this.source = new EventSource(new URL(`live/${stream.id}/events`, document.baseURI));
    const hear = (kind, take) => this.source.addEventListener(kind, ({ data }) => take(JSON.parse(data)));
    hear('bar', (bar) => this._bar(bar));
    hear('plan', (plan) => { this.plan = plan; this._show(); });
    hear('end', ({ problem }) => this._ended(problem));
    this.source.addEventListener('error', () => {
      if (this.source?.readyState === EventSource.CLOSED) this._ended(GONE);
      else this.say(AWAY);
    });
    clearInterval(this.pulse);
    this.pulse = setInterval(() => this._heard(), HEARD_MS);
    this.say(this.silence ?? '');
    this._show();
    requestAnimationFrame(this._frame);
  }

  _bar(bar) {
    if (!this.player.take(bar, bar.now_s)) return;
    if (this.status.textContent === AWAY) this.say('');
  }

  async _heard() {
    if (!this.id || this.isOver) return;
    this._showWhy();
    try {
      const health = await post(`live/${this.id}/heard`, { bar: this.player.heard });
      const { late } = this.player;
      this.health.textContent = `bars ahead: ${health.ahead}, of ${health.candidates} candidates, `
        + `${health.compose_ms} ms for two bars, bars that came late: ${health.late_bars + late.bars}, `
        + `latest by ${Math.round(Math.max(health.late_ms, late.worst * 1000))} ms, state: ${health.state}`;
    } catch { /* the events say so */ }
  }

  _showWhy() {
    const bar = this.player.bars.get(this.player.heard);
    if (bar) this.why.textContent = `bar ${bar.number}, ${bar.key}: ${bar.why}`;
  }

  async end() {
    const { id, isShared } = this;
    this._ended('');
    if (id && !isShared) await fetch(address(`live/${id}`), { method: 'DELETE' }).catch(() => {});
  }

  /** The events are over; what has come still sounds to its end, unless it was stopped. */
  _ended(problem) {
    this.source?.close();
    this.source = null;
    clearInterval(this.pulse);
    this.duet?.end();
    this.duet = null;
    this.isOver = true;
    if (problem || !this.player.bars.size) { this.say(problem); this.player.stop(); }
    const last = [...this.player.bars.values()].at(-1);
    const isClosing = last?.label === 'close';
    if (isClosing) {
      const rest = this.player.timeOf(last.onset_beats + last.length_beats + 2) - this.player.now();
      setTimeout(() => { if (this.isOver) this.player.stop(); }, Math.max(0, rest * 1000));
    } else this.player.stop();
    this.plan = { bars: [], controls: [] };
    this._show();
  }

  // --- What is turned ---------------------------------------------------------------------------

  _turn(name, value) {
    if (name === 'volume') { this._setVolume(); return; }
    if (name === 'tempo') this.isTempoAsked = true;
    if (!this.id || this.isOver || this.isShared || value === OPEN) return;
    if (name === 'tempo') this.player.setTempo(Number(value));
    if (name === 'transpose') this.player.setMix({ transpose: Number(value) });
    this._control(name, ['composer', 'style', 'form', 'key'].includes(name) ? value : Number(value));
  }

  async _control(name, value = null) {
    try {
      const { text } = await post(`live/${this.id}/control`, { name, value });
      this.say(text);
    } catch (error) {
      this.say(error.message);
    }
  }

  async _undo(id) {
    try {
      await post(`live/${this.id}/control`, { undo: id });
    } catch (error) {
      this.say(error.message);
    }
  }

  panic() {
    this.player.panic();
    this._setVolume();
    setTimeout(() => this._setVolume(), 1000 * Math.max(0, this.player.silentUntil - this.player.now()) + 50);
    if (!this.isShared) this._control('panic');
  }

  _setVolume() {
    this.synth?.setVolume(this.player.isSilent ? 0 : Number(this.fields.volume.input.value));
  }

  _setField(name, value) {
    this.fields[name].input.value = value;
    this.fields[name].input.dispatchEvent(new Event('input'));
  }

  _showParts() {
    this.parts.replaceChildren(...this.stream.parts.map((part, index) => {
      const chip = make('span', 'live-part');
      const flip = (kind) => {
        const chosen = new Set(this.player.mix[kind]);
        if (!chosen.delete(index + 1)) chosen.add(index + 1);
        this.player.setMix({ [kind]: [...chosen] });
        if (!this.isShared) this._control(kind, [...chosen].sort((a, b) => a - b));
        mute.setAttribute('aria-pressed', this.player.mix.mute.includes(index + 1));
        solo.setAttribute('aria-pressed', this.player.mix.solo.includes(index + 1));
      };
      const mute = button('Mute', () => flip('mute'));
      const solo = button('Solo', () => flip('solo'));
      for (const one of [mute, solo]) one.setAttribute('aria-pressed', false);
      mute.setAttribute('aria-label', `mute ${part.name}`);
      solo.setAttribute('aria-label', `solo ${part.name}`);
      const name = make('b');
      name.textContent = part.name;
      name.style.color = this.facts.colours[index % this.facts.colours.length];
      chip.append(name, mute, solo);
      return chip;
    }));
  }

  // --- Instruments ------------------------------------------------------------------------------

  async _askMidi() {
    try {
      this.ports = await midi.ask();
    } catch (error) {
      this.say(error.message);
      return;
    }
    const names = this.ports.outputs.map((port) => [port.name, port.id]);
    this.port = select('Play on', [['none', OPEN], ...names]);
    this.offset = slider('Later on it, ms', -200, 200, 5, 0);
    const change = () => this._connectMidi();
    this.port.input.addEventListener('change', change);
    this.offset.input.addEventListener('change', change);
    this.outlets.replaceChildren(row(this.port, this.offset));
    if (!names.length) this.say('there is no MIDI output here; connect one, then press again');
  }

  _connectMidi() {
    if (this.outlet) { this.outlet.hush(); this.player.outlets.delete(this.outlet); }
    this.outlet = null;
    const port = this.ports?.outputs.find((one) => one.id === this.port?.input.value);
    if (!port || !this.stream) return;
    this.outlet = new midi.MidiOutlet(port, this.stream.parts, () => this.player.now(), Number(this.offset.input.value));
    this.player.outlets.add(this.outlet);
  }

  // --- What is kept -----------------------------------------------------------------------------

  _place(kind) { return address(`live/${this.id}/bars?last=${KEPT_BARS}&format=${kind}`); }

  async _fetch(kind) {
    const answer = await fetch(this._place(kind));
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).detail ?? AWAY);
    const name = /filename="?([^";]+)/.exec(answer.headers.get('content-disposition') ?? '')?.[1] ?? `live.${kind}`;
    return new File([await answer.blob()], name);
  }

  async _save(kind) {
    this.say(`making the ${kind} file …`);
    try {
      const file = await this._fetch(kind);
      const link = make('a', '', { href: URL.createObjectURL(file), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      this.say('');
    } catch (error) { this.say(error.message); }
  }

  /** Open the last bars on another page, as if their file had been chosen there. */
  async _take(page, id) {
    try {
      const file = await this._fetch('musicxml');
      location.hash = page;
      const field = await until(() => document.querySelector(`#${id} input[type="file"]`));
      const files = new DataTransfer();
      files.items.add(file);
      field.files = files.files;
      field.dispatchEvent(new Event('change', { bubbles: true }));
    } catch (error) { this.say(error.message); }
  }

  _frame() {
    if (!this.id) return;
    const { beats, mix } = this.player;
    if (this.canvas.clientWidth) {
      const firm = [...this.player.bars.values()].map((bar) => ({ ...bar, isFirm: true }));
      const pale = this.plan.bars.filter((bar) => !this.player.bars.has(bar.number));
      this.roll.draw(beats ?? 0, [...firm, ...pale], mix.transpose, (part) => this.player.plays(part));
    }
    if (!this.isOver || this.player.timer) requestAnimationFrame(this._frame);
  }
}

/** The sound of the page as an outlet. */
class PageOutlet {
  constructor(synth) { this.synth = synth; }

  down(part, pitch, velocity, time) { this.synth.down(part, pitch, velocity, time); }

  up(part, pitch, time) { this.synth.up(part, pitch, time); }

  /** What was handed over ahead sounds even after a stop: stop again when it has. */
  hush() {
    this.synth.hush();
    setTimeout(() => this.synth.hush(), 180);
  }
}

// --- Small things -------------------------------------------------------------------------------

function address(place) { return new URL(place, document.baseURI); }

async function post(place, values) {
  let answer;
  try {
    answer = await fetch(address(place), {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(values),
    });
  } catch {
    throw new Error(AWAY);
  }
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.detail ?? AWAY);
  return found;
}

async function until(found, ms = 5000) {
  for (let waited = 0; waited < ms; waited += 100) {
    const one = found();
    if (one) return one;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error('the other page did not open; download the file and choose it there');
}

function make(tag, className = '', attributes = {}) {
  const one = document.createElement(tag);
  if (className) one.className = className;
  for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
  return one;
}

function note(words) {
  const one = make('span', 'note');
  one.textContent = words;
  return one;
}

function button(words, act, className = '') {
  const one = make('button', className, { type: 'button' });
  one.textContent = words;
  one.addEventListener('click', act);
  return one;
}

function labelled(words, input) {
  const label = make('label', 'live-field');
  const name = make('span');
  name.textContent = words;
  label.append(name, input);
  return { label, input };
}

function select(words, choices) {
  const input = make('select');
  input.append(...choices.map(([shown, value]) => new Option(shown, value)));
  return labelled(words, input);
}

function slider(words, low, high, step, value) {
  const input = make('input', '', { type: 'range', min: low, max: high, step, value });
  const field = labelled(words, input);
  const shown = make('output');
  const show = () => { shown.textContent = input.value; };
  input.addEventListener('input', show);
  show();
  field.label.append(shown);
  return field;
}

function row(...fields) {
  const one = make('div', 'live-row');
  one.append(...fields.map((field) => field.label));
  return one;
}

function group(...elements) {
  const one = make('div', 'live-group');
  one.append(...elements);
  return one;
}
