// A score as the view knows it: notes with times in quarters, bars, and the way to seconds.
// Knows no canvas and no sound. Times that came from the server keep their exact text.

export const POSITIONS_PER_QUARTER = 24;

/** Read an exact time, such as "7/24", as a number of quarters. */
export function toBeats(text) {
  const [top, bottom] = String(text).split('/');
  return bottom ? Number(top) / Number(bottom) : Number(top);
}

/** Write a time on the grid as an exact text. */
export function toText(beats) {
  return `${Math.round(beats * POSITIONS_PER_QUARTER)}/${POSITIONS_PER_QUARTER}`;
}

/** Build a note from a row of the server: onset, pitch, length, velocity, place of its marks. */
export function noteOf(row, loudness, spellings = []) {
  const [onset, pitch, length, velocity, mark = null] = row;
  return {
    onset: toBeats(onset), pitch, length: toBeats(length), velocity, mark,
    spelling: spellings[mark] ?? '',
    loudness: loudness ?? velocity, onsetText: onset, lengthText: length,
  };
}

/** Return the row of a note, exact, with its marks and its spelling. */
export function rowOf(note) {
  return [note.onsetText, note.pitch, note.lengthText, note.velocity, note.mark, note.spelling];
}

const LETTERS = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const SIGNS = { '': 0, '#': 1, b: -1, '##': 2, bb: -2 };

/** Return all names of a pitch, without its octave: those with fewest signs first. */
export function namesOf(pitch) {
  return Object.entries(SIGNS).flatMap(([sign, by]) => Object.keys(LETTERS)
    .filter((letter) => (LETTERS[letter] + by - pitch) % 12 === 0)
    .map((letter) => letter + sign));
}

const STEPS = 'CDEFGAB';
const SHARPS = 'FCGDAEB'; // in the order of a signature

/** Return the name of a letter under a key signature of so many sharps, or flats if below 0. */
function nameInKey(letter, fifths) {
  const place = SHARPS.indexOf(letter);
  const sign = place < fifths ? '#' : 6 - place < -fifths ? 'b' : '';
  return letter + sign;
}

const byPlace = (a, b) => a.onset - b.onset || a.pitch - b.pitch;

/** Return a part's notes in the order in which scores keep them. */
export function sorted(notes) {
  return [...notes].sort(byPlace);
}

export class Score {
  constructor(data) {
    Object.assign(this, {
      id: data.id, title: data.title, tempo: data.tempo_bpm, end: data.length_beats,
      names: data.pitch_names, fifths: data.fifths, findings: data.findings, knots: data.knots, parts: data.parts,
      ahead: data.ahead_beats ?? data.length_beats, // from where on bars are still to come
    });
    this.notes = data.parts.map((part) =>
      part.notes.map((row, index) => noteOf(row, part.loudness?.[index], part.spellings)));
    this.firstNumber = data.first_number;
    this.lastNumber = this.firstNumber + data.bars.length - 1;
    this.bars = data.bars.map(([onset, meter, pulse], index) => (
      { index, number: this.firstNumber + index, onset, meter, pulse }));
    this.bars.forEach((bar, index) => { bar.end = this.bars[index + 1]?.onset ?? this.end; });
  }

  /** Return the bar at a time. */
  barAt(beats) {
    return this.bars[Math.max(0, lastAtMost(this.bars, beats, (bar) => bar.onset))];
  }

  /** Return the bar of a printed number: a pickup is 0, the first whole bar 1. */
  barOf(number) {
    return this.bars[number - this.firstNumber];
  }

  /** Return the beat within its bar, counted from 1 in the meter's pulses. */
  beatAt(beats) {
    const bar = this.barAt(beats);
    return 1 + (beats - bar.onset) / bar.pulse;
  }

  /** Name a pitch as it is spelled, or as the key spells it: `F#4`. */
  nameOf(pitch, spelling = '') {
    const name = spelling || this.names[pitch % 12];
    const count = (sign) => name.slice(1).split(sign).length - 1;
    return `${name}${Math.floor((pitch - count('#') + count('b')) / 12) - 1}`;
  }

  /** Return pitch and name of what stands so many steps above a note on its staff, in the key. */
  stepped({ pitch, spelling }, steps) {
    const name = this.nameOf(pitch, spelling);
    const place = STEPS.indexOf(name[0]) + steps;
    const letter = STEPS[((place % 7) + 7) % 7];
    const octave = Number(name.match(/-?\d+$/)[0]) + Math.floor(place / 7);
    const stepped = nameInKey(letter, this.fifths);
    return { pitch: 12 * (octave + 1) + LETTERS[letter] + SIGNS[stepped.slice(1)], spelling: stepped };
  }

  /** Return the seconds at a time: by the performance, or at one tempo as written. */
  secondsAt(beats, isExpressive) {
    return isExpressive && this.knots.length > 1
      ? interpolate(this.knots, beats, 0, 1)
      : (beats * 60) / this.tempo;
  }

  /** Return the time at a number of seconds. */
  beatsAt(seconds, isExpressive) {
    return isExpressive && this.knots.length > 1
      ? interpolate(this.knots, seconds, 1, 0)
      : (seconds * this.tempo) / 60;
  }

  /** Say where something is: `bar 3, beat 2`. */
  placeWords(beats) {
    const beat = Math.round(this.beatAt(beats) * 100) / 100;
    return `bar ${this.barAt(beats).number}, beat ${beat}`;
  }
}

/** Return the index of the last item whose key is at most a value; -1 if there is none. */
export function lastAtMost(items, value, key) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= value + 1e-9) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Follow a rising line through knots, and go on as straight beyond its end. */
export function interpolate(knots, x, from, to) {
  const at = Math.min(knots.length - 2, Math.max(0, lastAtMost(knots, x, (knot) => knot[from])));
  const [a, b] = [knots[at], knots[at + 1]];
  const share = b[from] > a[from] ? (x - a[from]) / (b[from] - a[from]) : 0;
  return a[to] + share * (b[to] - a[to]);
}
