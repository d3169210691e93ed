// Elements. Whatever comes from the service goes in as text, never as markup.
const SVG = 'http://www.w3.org/2000/svg';
const byId = id => document.getElementById(id);

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const el = (name, attributes = {}, ...children) => put(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => put(document.createElementNS(SVG, name), attributes, children);

// Nothing is touched that has not changed: readers of the screen are told of what is touched.
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
function classes(element, value) {
  if (element.getAttribute('class') !== value) element.setAttribute('class', value);
}

// A shape for each level, so that it is not told by colour alone.
const SHAPES = {
  good: 'M5 0a5 5 0 1 0 0 10a5 5 0 1 0 0 -10Z',
  doubtful: 'M5 0L10 10L0 10Z',
  bad: 'M0 0H10V10H0Z',
};
function mark(level) {
  return svg('svg', { viewBox: '0 0 10 10', class: `mark ${level}`, 'aria-hidden': 'true' }, svg('path', { d: SHAPES[level] }));
}

// A word with its shape; drawn anew only when it is another one.
function badge(element, level, word) {
  if (element.dataset.word === word && element.dataset.level === level) return;
  element.dataset.word = word;
  element.dataset.level = level;
  classes(element, `badge ${level}`);
  element.replaceChildren(mark(level), word);
}

// A small chart. The number beside it says the same, so it is left out for those who cannot see it.
const WIDTH = 120, HEIGHT = 30, FEW = 30;
function spark() {
  const area = svg('path', { class: 'area' }), line = svg('path', { class: 'line' });
  const box = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', class: 'spark', 'aria-hidden': 'true' };
  const element = svg('svg', box, area, line);
  // `least`: the top of the scale at least, so that noise does not look like a mountain.
  const draw = (values, least, most) => {
    const top = most ?? Math.max(least, ...values.filter(known)) * 1.05;
    // A page that was just opened has little to show, and shows that larger.
    const span = Math.max(values.length, FEW), step = WIDTH / (span - 1), first = span - values.length;
    let lines = '', areas = '', from = null, last = null;
    const close = () => {
      if (from !== null) areas += `L${last.toFixed(1)} ${HEIGHT}L${from.toFixed(1)} ${HEIGHT}Z`;
      from = null;
    };
    values.forEach((value, place) => {
      if (!known(value)) return close();
      const x = (first + place) * step, y = HEIGHT - 1 - Math.min(value / top, 1) * (HEIGHT - 2);
      const point = `${x.toFixed(1)} ${y.toFixed(1)}`;
      lines += (from === null ? 'M' : 'L') + point;
      areas += from === null ? `M${x.toFixed(1)} ${HEIGHT}L${point}` : `L${point}`;
      if (from === null) from = x;
      last = x;
    });
    close();
    set(line, 'd', lines);
    set(area, 'd', areas);
  };
  return { element, draw };
}
