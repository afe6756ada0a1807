// The music so far on a small roll, while a run is under way: the best candidate, replaced by a
// better one; bars that are still to come are grey, areas that are not made yet hatched. It only
// draws.

import { Score } from './piece.js';
import { Roll } from './roll.js';

const STAGE = `<p class="sv-draft-words">The best so far</p>
<div class="sv-stage"><canvas class="sv-notes" aria-hidden="true"></canvas>
<canvas class="sv-over" aria-hidden="true"></canvas><div class="sv-scroll"><div class="sv-space"></div></div></div>`;

/** Let an element draw its value; without one it is hidden. */
export function mount(element, props, watch) {
  const root = element.querySelector('.sv-draft');
  let roll = null;
  const take = () => {
    root.hidden = !props.value;
    if (!props.value) return;
    if (!roll) {
      root.innerHTML = STAGE;
      roll = new Roll(root.querySelector('.sv-stage'));
      roll.set({ cursor: -1 });
      root.roll = roll; // for those who look in from outside
    }
    const data = JSON.parse(props.value);
    const score = new Score(data);
    roll.show(score, data.colours);
    roll.set({ areas: data.unmade.map(([begin, end, low, high]) => ({ begin, end, low, high })) });
    const grows = data.ahead_beats < data.length_beats;
    const { number } = score.barAt(data.ahead_beats - 1e-6);
    root.firstChild.textContent = grows ? `Bars 1 to ${number} of ${score.lastNumber}` : 'The best so far';
  };
  watch('value', take);
  take();
}
