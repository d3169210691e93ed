// The rows of the table of nodes. What is small on a phone keeps its role as a cell.
const cell = (name, ...children) => el('td', { role: 'cell', 'data-name': name }, ...children);

// A number with a chart of its past.
class Figure {
  number = el('b');
  note = el('small');
  chart = spark();
  element = el('div', { class: 'figure' }, el('div', {}, this.number, this.note), this.chart.element);
  show(text, note, values, least, most) {
    say(this.number, text);
    say(this.note, note);
    this.chart.draw(values, least, most);
  }
}

class NodeRow {
  address = el('span');
  about = el('small');
  state = el('span', { class: 'badge' });
  why = el('span', { class: 'why' });
  figures = [new Figure(), new Figure(), new Figure()];
  element = el('tr', { role: 'row', class: 'node' },
    el('th', { role: 'rowheader', scope: 'row' }, this.address, this.about),
    cell('', this.state, this.why),
    ...['Latency', 'In flight', 'Share of traffic'].map((name, place) => cell(name, this.figures[place].element)));

  show(entry, scale) {
    const { node } = entry, [latency, inFlight, share] = this.figures;
    say(this.address, node.address);
    say(this.about, [node.version && `Cassandra ${node.version}`].filter(Boolean).join(' · '));
    badge(this.state, node.level, node.condition);
    say(this.why, node.reason ?? '');
    classes(this.element, `node ${node.level}`);
    const isMean = known(entry.latency.last);
    const millis = isMean ? entry.latency.last : node.level === 'good' ? node.probe_latency_ms : null;
    latency.show(time(millis), !isMean && known(millis) ? 'probe' : '', entry.latency.values, scale.latency);
    const abandoned = node.abandoned ? `${count(node.abandoned)} abandoned` : '';
    inFlight.show(count(node.in_flight), abandoned, entry.inFlight.values, scale.inFlight);
    share.show(percent(entry.share.last), known(entry.rate) ? `${rate(entry.rate)}/s` : '', entry.share.values, 1, 1);
  }
}

// A rack: its name opens and shuts it. Nodes that are not well are always shown.
class RackRow {
  name = el('span');
  size = el('small');
  toggle = el('button', { type: 'button', 'aria-expanded': 'true' }, this.name, this.size);
  marks = el('span', { class: 'marks' });
  figures = [new Figure(), new Figure(), new Figure()];
  element = el('tr', { role: 'row', class: 'rack' },
    el('th', { role: 'rowheader', scope: 'row' }, this.toggle),
    cell('', this.marks),
    ...this.figures.map(figure => cell('', figure.element)));

  constructor(onToggle) {
    this.toggle.addEventListener('click', onToggle);
    for (const { chart } of this.figures) chart.element.remove();
  }

  show(name, entries, isOpen) {
    const [latency, inFlight, share] = this.figures;
    say(this.name, name);
    say(this.size, plural(entries.length, 'node'));
    set(this.toggle, 'aria-expanded', String(isOpen));
    const key = entries.map(({ node }) => node.condition).join();
    if (this.marks.dataset.key !== key) {
      this.marks.dataset.key = key;
      const shown = entries.slice(0, 60).map(({ node }) => mark(node.level));
      this.marks.replaceChildren(...shown, el('span', { class: 'rest' }, conditions(entries)));
    }
    const rates = entries.map(entry => entry.rate ?? 0), total = rates.reduce((sum, it) => sum + it, 0);
    const slowest = Math.max(...entries.map(entry => entry.latency.last ?? -1));
    latency.show(slowest >= 0 ? `≤ ${time(slowest)}` : '', '', [], 1);
    inFlight.show(count(entries.reduce((sum, { node }) => sum + node.in_flight, 0)), '', [], 1);
    const shares = entries.map(entry => entry.share.last).filter(known);
    const sum = shares.length ? shares.reduce((sum, it) => sum + it, 0) : null;
    share.show(percent(sum), total > 0 ? `${rate(total)}/s` : '', [], 1);
  }
}

// 33 healthy, 1 stalled
function conditions(entries) {
  const counts = new Map();
  for (const { node } of entries) counts.set(node.condition, (counts.get(node.condition) ?? 0) + 1);
  return [...counts].map(([word, number]) => `${whole.format(number)} ${word}`).join(', ');
}
