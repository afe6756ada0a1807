// Figures of the Inspect page. Plotly's script is large: it is fetched from this server when the
// first figure is about to be seen, and each figure is drawn when it comes near the window.

const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ['toImage'] };
const NEAR = '400px';
const MISSING = 'The figures cannot be drawn: their script did not come. Reload the page.';
let library = null;

/** Let an element show the figures of its value; called by the component when it is loaded. */
export function mount(element, props, watch) {
  const figures = new Figures(element.querySelector('.figures'));
  const take = () => figures.show(props.value ? JSON.parse(props.value) : null);
  watch('value', take);
  take();
}

/** Fetch plotly once. */
function load(script) {
  library ??= new Promise((resolve, reject) => {
    const tag = document.createElement('script');
    tag.src = new URL(script, document.baseURI);
    tag.onload = () => resolve(window.Plotly);
    tag.onerror = () => { library = null; tag.remove(); reject(new Error(MISSING)); };
    document.head.append(tag);
  });
  return library;
}

class Figures {
  constructor(root) {
    this.root = root;
    this.entries = new Map(); // place -> what is drawn there
    this.observer = new IntersectionObserver((seen) => {
      for (const one of seen) if (one.isIntersecting) this._draw(one.target);
    }, { rootMargin: NEAR });
  }

  /** Show other figures, or none. */
  show(data) {
    const before = this.root.offsetHeight;
    this.observer.disconnect();
    for (const place of this.entries.keys()) window.Plotly?.purge(place);
    this.entries.clear();
    this.root.replaceChildren();
    // What lies below stays where it is until the next figures are here.
    this.root.style.minHeight = data || !before ? '' : `${before}px`;
    for (const entry of data?.figures ?? []) this._place(entry, data.script);
  }

  _place(entry, script) {
    const [figure, caption, heading, words, place] = ['figure', 'figcaption', 'h3', 'p', 'div'].map(
      (name) => document.createElement(name),
    );
    heading.textContent = entry.title;
    words.textContent = entry.words;
    caption.append(heading, words);
    place.className = 'plot';
    place.style.minHeight = `${entry.figure.layout.height}px`;
    figure.dataset.name = entry.name;
    figure.append(caption, place);
    this.root.append(figure);
    this.entries.set(place, { ...entry, script });
    this.observer.observe(place);
  }

  async _draw(place) {
    const entry = this.entries.get(place);
    this.observer.unobserve(place);
    try {
      const plotly = await load(entry.script);
      if (!this.entries.has(place)) return; // others were shown meanwhile
      await plotly.newPlot(place, entry.figure.data, entry.figure.layout, CONFIG);
      place.querySelectorAll('.main-svg').forEach((svg) => svg.setAttribute('aria-hidden', 'true'));
    } catch (error) {
      place.textContent = error.message;
    }
  }
}
