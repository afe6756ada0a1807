// A theme as a line of ABC that grows at its end: notes and rests are spelled in its key and cut
// at its bar lines. Knows no page; the server reads the line (composer/corpus/abc.py).

const FIELDS = /([A-Za-z]): *([^\s|[\]]*(?: (?:major|minor|maj|min)\b)?)\s*/y;
const NOTE = /(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)/g;
const SOUND = /(?:\[[^\]]*\]|[zx]|(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*)(\d*)(\/*)(\d*)-?/g;
const LAST_SOUND = new RegExp(`(?:${SOUND.source})$`);
const BEGIN = 'M:4/4 L:1/8 K:C';
const SIGNS = { '^^': 2, '^': 1, '=': 0, _: -1, __: -2 };
const LETTERS = 'FCGDAEB'; // on the line of fifths, F is -1
const STEPS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const MIDDLE_C = 60;
const BARS_A_LINE = 4;
const MINUTE = 1e-6;

/** Add a note of a pitch, or a rest without one; `length` in whole notes. */
export function add(text, length, pitch = null) {
  let line = text.trim() ? text.trimEnd() : BEGIN;
  const frame = readFrame(line);
  while (length > MINUTE) {
    const bar = line.slice(Math.max(frame.start, line.lastIndexOf('|') + 1));
    const room = frame.bar - filled(bar, frame.unit);
    if (room <= MINUTE) { line += ' |'; continue; }
    const here = Math.min(length, room);
    length -= here;
    const name = pitch === null ? 'z' : spell(pitch, frame.fifths, signsOf(bar));
    const tie = pitch !== null && length > MINUTE ? '-' : '';
    line += `${gap(line, frame.start)}${name}${units(here / frame.unit)}${tie}`;
    if (room - here <= MINUTE) line += ' |';
  }
  return line;
}

/** Take the last note or rest away, with all that it is tied to. */
export function removeLast(text) {
  const { start } = readFrame(text);
  let music = text.slice(start);
  do {
    music = music.replace(/[\s|]+$/, '').replace(LAST_SOUND, '').trimEnd();
  } while (music.replace(/[\s|]+$/, '').endsWith('-'));
  return text.slice(0, start) + music;
}

/** Name a pitch as the key has it: `F4`, `F sharp 4`. */
export function nameOf(pitch, fifths) {
  const { letter, shift } = place(pitch, fifths);
  const many = Math.abs(shift) > 1 ? ' double' : '';
  const sign = shift ? `${many} ${shift > 0 ? 'sharp' : 'flat'} ` : '';
  return `${letter}${sign}${octaveOf(pitch - shift) + 4}`;
}

/** Read the fields in front: where the music starts, length of bar and unit, the key's fifths. */
export function readFrame(text) {
  const fields = { M: '4/4', L: '', K: 'C' };
  FIELDS.lastIndex = text.length - text.trimStart().length;
  let start = FIELDS.lastIndex;
  for (let match; (match = FIELDS.exec(text)); start = FIELDS.lastIndex) fields[match[1]] = match[2];
  const bar = { C: 1, 'C|': 1 }[fields.M] ?? ratio(fields.M, 1);
  const unit = ratio(fields.L, bar < 3 / 4 ? 1 / 16 : 1 / 8);
  return { start, bar, unit, fifths: fifthsOf(fields.K) };
}

function ratio(text, otherwise) {
  const [, above, below] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  return Number(above) && Number(below) ? above / below : otherwise;
}

function fifthsOf(key) {
  const [, letter, sign, mode] = /^([A-Ga-g])([#b]?) *(m(?!aj))?/i.exec(key) ?? [0, 'C', '', ''];
  const shift = { '#': 7, b: -7 }[sign] ?? 0;
  return LETTERS.indexOf(letter.toUpperCase()) - 1 + shift - (mode ? 3 : 0);
}

/** Choose among names of a pitch: from the minor third of the key's major to its raised fifth. */
function place(pitch, fifths) {
  const low = fifths - 3;
  const fifth = low + mod(pitch * 7 - low, 12); // on the line of fifths, C is 0
  return { letter: LETTERS[mod(fifth + 1, 7)], shift: Math.floor((fifth + 1) / 7) };
}

function spell(pitch, fifths, signs) {
  const { letter, shift } = place(pitch, fifths);
  const octave = octaveOf(pitch - shift);
  const name = octave > 0 ? letter.toLowerCase() : letter;
  const marks = octave > 0 ? "'".repeat(octave - 1) : ','.repeat(-octave);
  const now = signs.get(letter + octave) ?? signature(letter, fifths);
  const sign = Object.keys(SIGNS).find((one) => SIGNS[one] === shift);
  return `${now === shift ? '' : sign}${name}${marks}`;
}

function signature(letter, fifths) {
  const at = LETTERS.indexOf(letter);
  return Math.ceil((fifths - at) / 7);
}

/** Return the accidentals that hold in a bar, by letter and octave. */
function signsOf(bar) {
  const signs = new Map();
  for (const [, sign, letter, marks] of bar.matchAll(NOTE)) {
    const octave = marks.split("'").length - marks.split(',').length + (letter > 'Z' ? 1 : 0);
    if (sign) signs.set(letter.toUpperCase() + octave, SIGNS[sign]);
  }
  return signs;
}

function filled(bar, unit) {
  let sum = 0;
  for (const [, above, slashes, below] of bar.matchAll(SOUND)) {
    sum += Number(above || 1) / (below ? Number(below) : 2 ** slashes.length);
  }
  return sum * unit;
}

/** Write a length in units: `3`, `/2`, `3/2`; nothing for 1. */
function units(count) {
  let below = 1;
  while (below < 64 && Math.abs(count * below - Math.round(count * below)) > MINUTE) below *= 2;
  const above = Math.round(count * below);
  return `${above === 1 ? '' : above}${below === 1 ? '' : `/${below}`}`;
}

/** Return what stands before the next note: a new line after some bars. */
function gap(line, start) {
  if (line.length <= start) return '\n';
  const here = line.slice(Math.max(start, line.lastIndexOf('\n') + 1));
  return here.endsWith('|') && here.split('|').length > BARS_A_LINE ? '\n' : ' ';
}

function octaveOf(natural) { return Math.floor((natural - MIDDLE_C) / 12); }

function mod(value, by) { return ((value % by) + by) % by; }
