// Plays the first bars of a candidate from its row, at once and without putting it on show.

import { Score } from './piece.js';
import { Player } from './player.js';

/** Let the buttons of class `audition` in an element play what they hold. */
export function listen(element) {
  let pressed = null;
  const player = new Player(() => {
    if (pressed && !player.isPlaying) mark(pressed, false);
  });
  element.addEventListener('click', (event) => {
    const button = event.target.closest('button.audition');
    if (!button) return;
    const isAgain = button === pressed && player.isPlaying;
    player.pause();
    if (isAgain) return;
    pressed = button;
    player.show(new Score(JSON.parse(button.dataset.score)));
    player.play(0);
    mark(button, true);
  });
}

function mark(button, isPlaying) {
  button.setAttribute('aria-pressed', isPlaying);
  button.textContent = isPlaying ? '■' : '▶';
}
