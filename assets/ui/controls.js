// Buttons, sliders and words around the roll. Knows what a view can do, not how.

import { GRIDS } from './painting.js';

const ICONS = {
  play: 'M7 4.5v15l12-7.5z',
  pause: 'M6 4.5h4v15H6zM14 4.5h4v15h-4z',
  start: 'M5 5h2.5v14H5zM20 5v14L8.5 12z',
  less: 'M5 11h14v2H5z',
  more: 'M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z',
  whole: 'M3 5h2v14H3zM19 5h2v14h-2zM6 12l4-4v3h4V8l4 4-4 4v-3h-4v3z',
  undo: 'M9 5 4 10l5 5v-3.5h5a3 3 0 0 1 0 6h-3V20h3a5.5 5.5 0 0 0 0-11H9z',
  redo: 'm15 5 5 5-5 5v-3.5h-5a3 3 0 0 0 0 6h3V20h-3a5.5 5.5 0 0 1 0-11h5z',
  respell: 'M8 4h1.5v4l5-1.2V3H16v3.4l2-.5v2l-2 .5v4.2l2-.5v2l-2 .5V19h-1.5v-3.5l-5 1.2V21H8v-3.9l-2 .5v-2l2-.5v-4.2l-2 .5v-2l2-.5zm1.5 6.7v4.2l5-1.2V9.5z',
  close: 'm6 7.4 1.4-1.4L12 10.6 16.6 6 18 7.4 13.4 12l4.6 4.6-1.4 1.4L12 13.4 7.4 18 6 16.6 10.6 12z',
};

/** Place the controls into a view's root; return what updates them. */
export function buildControls(root, view) {
  root.innerHTML = skeleton(root.dataset.paints === 'true');
  const find = (name) => root.querySelector(`.sv-${name}`);
  const controls = new Controls(root, find);
  const on = (name, event, act) => find(name)?.addEventListener(event, act);
  on('play', 'click', () => view.toggle());
  on('start', 'click', () => view.seek(0));
  on('less', 'click', () => view.roll.setZoom(view.roll.zoom / 1.5));
  on('more', 'click', () => view.roll.setZoom(view.roll.zoom * 1.5));
  on('whole', 'click', () => view.roll.showAll());
  on('clear', 'click', () => view.select());
  on('volume', 'input', (event) => view.player.setVolume(Number(event.target.value) / 100));
  on('tempo', 'input', (event) => controls.showTempo(view, Number(event.target.value)));
  on('tempo', 'change', (event) => view.player.change({ rate: Number(event.target.value) / view.score.tempo }));
  on('expression', 'change', (event) => view.player.change({ isExpressive: event.target.checked }));
  on('clicks', 'change', (event) => view.player.change({ clicks: event.target.checked }));
  on('counts', 'change', (event) => { view.player.countsIn = event.target.checked; });
  on('loop', 'change', (event) => view.loop(event.target.checked));
  on('font', 'change', (event) => view.useFont(event.target.files[0]));
  on('font-off', 'click', () => view.useFont(null));
  on('sheet-switch', 'click', () => controls.toggleSheet());
  on('paint', 'click', () => view.setPainting(!view.isPainting));
  on('mark', 'click', () => view.setMarking(!view.isMarking));
  on('unmark', 'click', () => view.areas.clear());
  on('part', 'change', (event) => view.paintPart(Number(event.target.value)));
  on('grid', 'change', (event) => { view.painting.grid = GRIDS[event.target.value][1]; });
  on('erase', 'click', () => { view.isErasing = !view.isErasing; controls.update(view); });
  on('respell', 'click', () => view.respell());
  on('undo', 'click', () => view.undo());
  on('redo', 'click', () => view.redo());
  find('parts').addEventListener('click', (event) => press(event, view));
  find('parts').addEventListener('change', (event) => {
    view.choosePart(Number(event.target.dataset.part), event.target.checked);
  });
  return controls;
}

function press(event, view) {
  const button = event.target.closest('button[data-part]');
  if (!button) return;
  const part = Number(button.dataset.part);
  if (button.dataset.act === 'mute') view.player.toggleMute(part);
  else view.player.toggleSolo(part);
}

function icon(name) {
  return `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
}

function button(name, label, iconName = name) {
  return `<button type="button" class="sv-${name}" aria-label="${label}" title="${label}">${icon(iconName)}</button>`;
}

function skeleton(paints) {
  return `
<div class="sv-bar" role="toolbar" aria-label="Playing and looking">
  <span class="sv-group">${button('play', 'Play')}${button('start', 'To the beginning')}</span>
  <output class="sv-where" aria-live="off">bar 1</output>
  <label class="sv-slide"><span>tempo <b class="sv-bpm"></b></span><input type="range" class="sv-tempo" min="30" max="240" step="1" aria-label="Tempo in quarters a minute"></label>
  <label class="sv-slide"><span>volume</span><input type="range" class="sv-volume" min="0" max="100" value="80" aria-label="Volume"></label>
  <label class="sv-check" title="phrases, accents and a ritardando; off: exactly as written"><input type="checkbox" class="sv-expression" checked><span>expression</span></label>
</div>
<details class="sv-practice"><summary>Loop, metronome, sounds</summary><div class="sv-bar">
  <label class="sv-check"><input type="checkbox" class="sv-loop"><span>loop the selected bars</span></label>
  <label class="sv-check"><input type="checkbox" class="sv-clicks"><span>metronome</span></label>
  <label class="sv-check"><input type="checkbox" class="sv-counts"><span>count-in of one bar</span></label>
  <label class="sv-check">your own soundfont <input type="file" class="sv-font" accept=".sf2,.sf3"></label>
  <button type="button" class="sv-font-off sv-text" hidden>bundled sounds</button>
</div></details>
${paints ? painter() : ''}
<div class="sv-bar">
  <div class="sv-parts" role="group" aria-label="Parts"></div>
  <span class="sv-group sv-right">${button('less', 'Zoom out')}${button('more', 'Zoom in')}${button('whole', 'Show the whole piece')}
  <button type="button" class="sv-sheet-switch sv-text" aria-pressed="true">sheet</button></span>
</div>
<div class="sv-stage">
  <canvas class="sv-notes" aria-hidden="true"></canvas>
  <canvas class="sv-over" aria-hidden="true"></canvas>
  <div class="sv-scroll" tabindex="0" role="application"><div class="sv-space"></div></div>
  <div class="sv-ruler" aria-hidden="true"></div>
  <div class="sv-tip" aria-hidden="true" hidden></div>
</div>
${paints ? '<canvas class="sv-lane" role="img" aria-label="Velocities of the part; V and shift V on the roll make the note at the caret louder and softer"></canvas>' : ''}
<div class="sv-foot">
  <span class="sv-said" role="status"></span>
  <span class="sv-legend" hidden><i>◆</i> found here, as in most real pieces <i class="is-unusual">◆</i> more than in most</span>
  <span class="sv-loud">the darker, the louder</span>
  <span class="sv-selected" hidden><b></b>${button('clear', 'Select nothing', 'close')}</span>
</div>`;
}

function painter() {
  const grids = GRIDS.map(([name], at) => `<option value="${at}"${at === 1 ? ' selected' : ''}>${name}</option>`);
  return `
<div class="sv-bar sv-painter" role="toolbar" aria-label="Painting notes">
  <button type="button" class="sv-paint sv-text" aria-pressed="false">paint notes</button>
  <button type="button" class="sv-mark sv-text" aria-pressed="false">mark areas</button>
  <button type="button" class="sv-unmark sv-text" hidden>unmark</button>
  <button type="button" class="sv-erase sv-text" aria-pressed="false">eraser</button>
  <label class="sv-pick">part <select class="sv-part"></select></label>
  <label class="sv-pick">note <select class="sv-grid">${grids.join('')}</select></label>
  <span class="sv-group">${button('respell', 'Respell the note at the caret')}${button('undo', 'Undo')}${button('redo', 'Redo')}</span>
</div>`;
}

class Controls {
  constructor(root, find) {
    this.root = root;
    this.find = find;
  }

  /** Fill in what belongs to a piece. */
  show(view) {
    const { score, data } = view;
    const chips = score.parts.map((part, index) => chip(part.name, index, data.colours));
    this.find('parts').replaceChildren(...chips);
    const tempo = this.find('tempo');
    tempo.min = Math.min(30, Math.round(score.tempo / 2));
    tempo.max = Math.max(240, Math.round(score.tempo * 2));
    tempo.value = Math.round(score.tempo);
    view.player.rate = 1;
    this.showTempo(view, score.tempo);
    this.find('part')?.replaceChildren(...score.parts.map((part, at) => new Option(part.name, at)));
    if (this.find('grid')) view.painting.grid = GRIDS[this.find('grid').value][1];
    this.find('scroll').setAttribute('aria-label', `Piano roll of ${score.title}: ${score.bars.length} bars, `
      + `${score.parts.length} parts. Space plays and stops, arrows move the cursor, with shift they `
      + 'select bars, plus and minus zoom, escape clears the selection.');
    this.mark(view);
    this.say('');
    this.update(view);
  }

  /** Explain the marks over the roll, where there are some. */
  mark(view) {
    this.find('legend').hidden = view.score.findings.length === 0;
  }

  /** Tick the parts that are part of the selection. */
  choose(parts) {
    for (const box of this.root.querySelectorAll('.sv-chip input')) {
      box.checked = parts.has(Number(box.dataset.part));
    }
  }

  showTempo(view, bpm) {
    this.find('bpm').textContent = Math.round(bpm);
  }

  /** Bring all buttons to what the view is doing. */
  update(view) {
    if (!view.score) return;
    const { player, painting, selection } = view;
    const play = this.find('play');
    const label = player.isPlaying ? 'Stop' : 'Play';
    if (play.title !== label) {
      play.innerHTML = icon(player.isPlaying ? 'pause' : 'play');
      play.title = label;
      play.setAttribute('aria-label', label);
    }
    for (const [name, isOn] of [['loop', view.loops], ['clicks', player.clicks], ['counts', player.countsIn]]) {
      this.find(name).checked = Boolean(isOn);
    }
    for (const chipOf of this.find('parts').children) this._updateChip(chipOf, view);
    this.find('selected').hidden = !selection;
    if (selection) {
      const { first, last } = selection;
      this.find('selected').firstElementChild.textContent = first === last ? `bar ${first}` : `bars ${first}–${last}`;
    }
    if (player.problem) this.say(player.problem);
    if (!this.find('paint')) return;
    this.find('paint').setAttribute('aria-pressed', Boolean(view.isPainting));
    this.find('mark').setAttribute('aria-pressed', Boolean(view.isMarking));
    this.find('unmark').hidden = view.areas.list.length === 0;
    this.find('erase').setAttribute('aria-pressed', Boolean(view.isErasing));
    this.find('part').value = painting.part;
    this.find('erase').disabled = !view.isPainting;
    this.find('undo').disabled = !painting.canUndo;
    this.find('redo').disabled = !painting.canRedo;
    this.find('respell').disabled = !view.noteAtCaret;
  }

  _updateChip(chipOf, view) {
    const part = Number(chipOf.dataset.part);
    chipOf.querySelector('input').checked = view.chosen.has(part);
    chipOf.querySelector('[data-act="mute"]').setAttribute('aria-pressed', view.player.muted.has(part));
    chipOf.querySelector('[data-act="solo"]').setAttribute('aria-pressed', view.player.solo.has(part));
    chipOf.classList.toggle('is-silent', view.player.isSilent(part));
  }

  /** Say where the cursor is. */
  read(view, beats) {
    const { score, player } = view;
    const clock = (at) => minutes(score.secondsAt(at, player.isExpressive) / player.rate);
    const bar = score.barAt(beats).number;
    this.find('where').textContent = `bar ${bar} of ${score.lastNumber} · ${clock(beats)} / ${clock(score.end)}`;
    this.root.dataset.bar = bar;
  }

  say(words) {
    if (this.find('said').textContent !== words) this.find('said').textContent = words;
  }

  toggleSheet() {
    const isHidden = this.root.closest('.score-pair')?.classList.toggle('without-sheet');
    this.find('sheet-switch').setAttribute('aria-pressed', !isHidden);
  }
}

function chip(name, part, colours) {
  const made = document.createElement('div');
  made.className = 'sv-chip';
  made.dataset.part = part;
  made.style.setProperty('--part', colours[part % colours.length]);
  made.innerHTML = `<label><input type="checkbox" checked data-part="${part}"><i></i><span></span></label>
<button type="button" data-act="mute" data-part="${part}" aria-pressed="false">M</button>
<button type="button" data-act="solo" data-part="${part}" aria-pressed="false">S</button>`;
  made.querySelector('span').textContent = name;
  made.querySelector('input').setAttribute('aria-label', `${name} is part of the selection`);
  for (const [act, words] of [['mute', 'Mute'], ['solo', 'Only']]) {
    const switchOf = made.querySelector(`[data-act="${act}"]`);
    switchOf.setAttribute('aria-label', `${words} ${name}`);
    switchOf.title = `${words} ${name}`;
  }
  return made;
}

function minutes(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
