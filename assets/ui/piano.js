// A small piano that writes a theme: a press of a key, here or on the computer, adds a note to a
// text field beside it and sounds. Knows the field by its element, and nothing of the server.

import * as synths from './synth.js';
import { add, nameOf, readFrame, removeLast } from './theme.js';

const PART = 14; // a channel that views with fewer parts leave alone
const SOUND = { program: 0, stand_in: 0, pan: 64 };
const VELOCITY = 84;
const LEAST_S = 0.25;
const WHOLE_S = 2.4; // a whole note at 100 quarters a minute
const LOWEST = 36;
const HIGHEST = 84;
// Two rows of a computer's keys, where a piano has its keys; by place, so on any layout.
const CODES = ['KeyA', 'KeyW', 'KeyS', 'KeyE', 'KeyD', 'KeyF', 'KeyT', 'KeyG', 'KeyY', 'KeyH',
  'KeyU', 'KeyJ', 'KeyK', 'KeyO', 'KeyL', 'KeyP', 'Semicolon'];

/** Let the piano in an element write into a text field, found by a selector. */
export function mount(element, selector) {
  const root = element.querySelector('.piano');
  root.piano = new Piano(root, () => document.querySelector(selector));
}

class Piano {
  constructor(root, findField) {
    this.root = root;
    this.findField = findField;
    this.lowest = 60;
    this.keys = [...root.querySelectorAll('.piano-key')];
    this.keys.forEach((key, step) => key.addEventListener('click', () => this._press(step)));
    root.querySelector('.piano-keys').addEventListener('keydown', (event) => this._type(event));
    const acts = { rest: () => this._write(null), back: () => this._remove(), down: () => this._move(-12), up: () => this._move(12) };
    for (const [name, act] of Object.entries(acts)) {
      root.querySelector(`.piano-${name}`).addEventListener('click', act);
    }
    root.addEventListener('focusin', () => this._name());
    this._focusable(0);
    this._name();
  }

  get length() { return Number(this.root.querySelector('select').value); }

  get text() { return this.findField()?.value ?? ''; }

  /** Change the field as typing does, so that the page knows of it. */
  set text(value) {
    const field = this.findField();
    if (!field) return;
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(field, value);
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.scrollTop = field.scrollHeight;
  }

  _press(step) {
    this._focusable(step);
    this._write(this.lowest + step);
    this._sound(this.lowest + step);
    const key = this.keys[step];
    key.classList.add('is-down');
    setTimeout(() => key.classList.remove('is-down'), 160);
  }

  _write(pitch) {
    this.text = add(this.text, this.length, pitch);
    const { options, selectedIndex } = this.root.querySelector('select');
    const what = pitch === null ? 'rest' : nameOf(pitch, this._fifths());
    this._say(`${what}, ${options[selectedIndex].text}`);
  }

  _remove() {
    this.text = removeLast(this.text);
    this._say('the last note is taken away');
  }

  _move(by) {
    const lowest = this.lowest + by;
    if (lowest < LOWEST || lowest > HIGHEST) return;
    this.lowest = lowest;
    this._name();
    this._say(`from ${nameOf(lowest, 0)}`);
  }

  _type(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = this.keys.indexOf(document.activeElement);
    const step = CODES.indexOf(event.code);
    const act = step >= 0 ? () => event.repeat || this._play(step) : {
      ArrowLeft: () => this._focus(at - 1),
      ArrowRight: () => this._focus(at + 1),
      Home: () => this._focus(0),
      End: () => this._focus(this.keys.length - 1),
      KeyZ: () => this._move(-12),
      KeyX: () => this._move(12),
      KeyR: () => this._write(null),
      Backspace: () => this._remove(),
    }[event.code];
    if (!act) return;
    event.preventDefault();
    act();
  }

  _play(step) {
    this._focus(step);
    this._press(step);
  }

  _focus(step) {
    const key = this.keys[step];
    if (!key) return;
    this._focusable(step);
    key.focus();
  }

  /** Let one key alone be reached by the tabulator; arrows lead to the others. */
  _focusable(step) {
    this.keys.forEach((key, at) => { key.tabIndex = at === step ? 0 : -1; });
  }

  _fifths() { return readFrame(this.text).fifths; }

  _name() {
    const fifths = this._fifths();
    this.keys.forEach((key, step) => {
      key.setAttribute('aria-label', nameOf(this.lowest + step, fifths));
      if (step % 12 === 0) key.textContent = `C${(this.lowest + step) / 12 - 1}`;
    });
    this.root.querySelector('.piano-down').disabled = this.lowest <= LOWEST;
    this.root.querySelector('.piano-up').disabled = this.lowest >= HIGHEST;
  }

  _say(words) { this.root.querySelector('[role="status"]').textContent = words; }

  async _sound(pitch) {
    if (!synths.canSound()) return;
    try {
      const synth = await synths.open();
      await synth.context.resume();
      synth.seat([SOUND], PART);
      synth.down(PART, pitch, VELOCITY, synth.now);
      synth.up(PART, pitch, synth.now + Math.max(LEAST_S, this.length * WHOLE_S));
    } catch {
      // Without sound the piano still writes.
    }
  }
}
