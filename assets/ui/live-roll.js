// A piano roll that scrolls under a line: bars that stand are solid, planned ones pale.

const NOW_AT = 0.3; // of the width: where it sounds
const PX_PER_BEAT = 44;
const EDGE_PX = 22;

export class LiveRoll {
  constructor(canvas, colours) {
    Object.assign(this, { canvas, colours });
    this.context = canvas.getContext('2d');
    this.low = 48;
    this.high = 76;
  }

  /** @param {number} beats What sounds. @param {object[]} bars With `isFirm`. */
  draw(beats, bars, shift = 0, plays = () => true) {
    const { canvas, context } = this;
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width) return;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const xOf = (beat) => width * NOW_AT + (beat - beats) * PX_PER_BEAT;
    for (const bar of bars) this._range(bar, shift);
    const row = (height - EDGE_PX) / (this.high - this.low + 1);
    for (const bar of bars) {
      const x = xOf(bar.onset_beats);
      if (x > width || xOf(bar.onset_beats + bar.length_beats) < -200) continue;
      this._line(x, height, style, bar);
      context.globalAlpha = bar.isFirm ? 1 : 0.35;
      for (const [part, onset, length, pitch] of bar.notes) {
        context.fillStyle = this.colours[part % this.colours.length];
        const y = EDGE_PX + (this.high - pitch - shift) * row;
        const left = xOf(bar.onset_beats + onset);
        context.globalAlpha = (bar.isFirm ? 1 : 0.35) * (plays(part) ? 1 : 0.25);
        context.fillRect(left, y, Math.max(2, length * PX_PER_BEAT - 1), Math.max(2, row - 1));
      }
      context.globalAlpha = 1;
    }
    context.fillStyle = style.getPropertyValue('--accent').trim() || '#0d9488';
    context.fillRect(width * NOW_AT, 0, 2, height);
  }

  _range(bar, shift) {
    for (const note of bar.notes) {
      this.low = Math.min(this.low, note[3] + shift - 2);
      this.high = Math.max(this.high, note[3] + shift + 2);
    }
  }

  _line(x, height, style, bar) {
    const { context } = this;
    context.fillStyle = style.getPropertyValue('--quiet').trim() || '#78716c';
    context.globalAlpha = 0.4;
    context.fillRect(x, 0, 1, height);
    context.globalAlpha = bar.isFirm ? 1 : 0.6;
    context.font = `12px ${style.fontFamily}`;
    context.fillText(`${bar.number} ${bar.key}${bar.label === 'theme' ? ' · theme' : ''}`, x + 4, 14);
    context.globalAlpha = 1;
  }
}
