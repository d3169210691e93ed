// The tiles at the top, and the panels of limits and budgets.
class Tile {
  number = el('span');
  unit = el('small');
  chart = spark();
  constructor(name) {
    const list = el('dl', {}, el('dt', {}, name), el('dd', {}, this.number, this.unit));
    list.style.margin = '0';
    this.element = el('div', { class: 'card tile' }, list, this.chart.element);
  }
  show(text, unit, series, least) {
    say(this.number, text);
    say(this.unit, unit);
    this.chart.draw(series.values, least);
  }
}

class Tiles {
  tiles = ['Requests', 'Failed', 'Mean latency', 'Calls running', 'Waiting for a limit', 'Repeated'].map(name => new Tile(name));
  constructor() { byId('tiles').append(...this.tiles.map(tile => tile.element)); }
  show({ traffic, snapshot }) {
    const [requests, failed, latency, running, waiting, retried] = this.tiles;
    const unit = snapshot.requests ? '/s' : 'no metrics';
    requests.show(rate(traffic.requests.last), unit, traffic.requests, 10);
    failed.show(rate(traffic.failed.last), unit, traffic.failed, 5);
    classes(failed.element, `card tile${traffic.failed.last > 0 ? ' bad' : ''}`);
    latency.show(time(traffic.latency.last), '', traffic.latency, 2);
    running.show(count(traffic.running.last), '', traffic.running, 5);
    waiting.show(count(traffic.waiting.last), '', traffic.waiting, 5);
    retried.show(rate(traffic.retried.last), unit, traffic.retried, 5);
  }
}

// A title, a bar that says how much is used, and a list of figures.
class Panel {
  summary = el('span');
  fill = el('div');
  list = el('dl');
  off = el('p', { class: 'off' });
  note = el('p', { class: 'note' });
  values = new Map();
  constructor(name, hint) {
    this.name = name;
    this.meter = el('div', { class: 'meter', role: 'meter', 'aria-label': name, 'aria-valuemin': '0' }, this.fill);
    this.off.textContent = hint;
    this.element = el('div', { class: 'card panel' }, el('h3', {}, name, this.summary), this.meter, this.list, this.note, this.off);
  }
  show(data, describe) {
    for (const part of [this.meter, this.list, this.note]) part.hidden = !data;
    this.off.hidden = Boolean(data);
    if (!data) return say(this.summary, 'off');
    const { summary, used, of, rows, note } = describe(data);
    say(this.note, note ?? '');
    say(this.summary, summary);
    this.meter.hidden = !known(of);
    if (known(of)) {
      const part = of > 0 ? Math.min(used / of, 1) : 0;
      this.fill.style.width = `${(part * 100).toFixed(1)}%`;
      classes(this.meter, `meter${part >= .95 ? ' bad' : part >= .75 ? ' doubtful' : ''}`);
      for (const [name, value] of [['valuemax', of], ['valuenow', Math.min(used, of)], ['valuetext', summary]]) set(this.meter, `aria-${name}`, String(value));
    }
    for (const [name, text, warns] of rows) {
      const value = remember(this.values, name, () => {
        const value = el('dd');
        this.list.append(el('dt', {}, name), value);
        return value;
      });
      say(value, text);
      classes(value, warns ? 'warn' : '');
    }
  }
}

const refused = ({ rejected }) => [
  ['Refused, queue full', count(rejected.queue_full), rejected.queue_full > 0],
  ['Refused, out of time', count(rejected.elapsed), rejected.elapsed > 0],
  ['Refused, too heavy', count(rejected.too_heavy), rejected.too_heavy > 0],
];
const waits = ({ queued, queue, waited }) => [
  ['Waiting', `${count(queued)} of ${count(queue)}`],
  ['Waited, median and p99', `${time(waited.p50_ms)} · ${time(waited.p99_ms)}`],
];

class Panels {
  concurrency = new Panel('Calls at a time', 'No limit: ClusterBuilder::concurrency_limit sets one.');
  rate = new Panel('Calls per second', 'No limit: ClusterBuilder::rate_limit sets one.');
  budget = new Panel('Retry budget', 'Retries are off, or have a budget of their own making.');
  hedge = new Panel('Second attempts', 'Off: ClusterBuilder::hedge turns them on.');
  prepared = new Panel('Prepared statements', '');
  session = new Panel('Session', '');

  constructor() {
    byId('panels').append(...[this.concurrency, this.rate, this.budget, this.hedge, this.prepared, this.session].map(panel => panel.element));
  }

  show({ concurrency, rate: limit, retry_budget: budget, hedge, prepared, session, requests }) {
    this.concurrency.show(concurrency, it => ({
      summary: `${count(it.active)} of ${count(it.limit)}`, used: it.active, of: it.limit,
      rows: [...waits(it), ['Admitted', count(it.admitted)], ...refused(it)],
    }));
    this.rate.show(limit, it => ({
      summary: `${rate(it.per_second)}/s`,
      rows: [['Burst', count(it.burst)], ...waits(it), ['Admitted', count(it.admitted)], ...refused(it)],
    }));
    this.budget.show(budget, it => ({
      summary: `${count(it.used)} of ${count(it.allowed)} used`, used: it.used, of: it.allowed,
      rows: [['Left now', count(Math.max(it.allowed - it.used, 0)), it.used >= it.allowed], ['Counted over', `${count(it.window_s)} s`],
        ['Repeated so far', count(requests?.retried)]],
    }));
    this.hedge.show(hedge, it => ({
      summary: `${count(it.saved)} of ${count(it.burst)} saved`,
      rows: [['Sent', count(it.sent)], ['Faster than the first', count(it.won)], ['Not sent, no budget', count(it.without_budget)],
        ['After, reads', time(it.read_delay_ms)], ['After, writes', time(it.write_delay_ms)]],
    }));
    this.prepared.show(prepared, it => {
      const found = it.hits + it.shared, all = found + it.misses;
      return {
        summary: `${count(it.entries)} of ${count(it.capacity)}`, used: it.entries, of: it.capacity,
        rows: [['Found', all ? `${count(found)} · ${percent(found / all)}` : NONE], ['Not found', count(it.misses)], ['Being prepared', count(it.in_flight)],
          ['Failed', count(it.failures), it.failures > 0], ['Made place for others', count(it.evictions), it.evictions > 0]],
      };
    });
    this.session.show(session, it => ({
      summary: it.keyspace ?? 'no keyspace',
      rows: [['Succeeded', count(requests?.succeeded)], ['Failed', count(requests?.failed), requests?.failed > 0], ['Given up by callers', count(requests?.cancelled)],
        ['Refused by limits', count(requests?.rejected)], ['Abandoned and dropped', count(it.dropped_abandoned)]],
      note: `Layers: ${it.layers.join(' › ')}`,
    }));
  }
}
