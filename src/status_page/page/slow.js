// The slow log, the newest first.
const FIRST = 8;

class SlowTable {
  body = byId('slow').tBodies[0];
  more = byId('slow-more');
  key = null;
  isWhole = false;

  constructor() {
    this.more.addEventListener('click', () => {
      this.isWhole = !this.isWhole;
      this.key = null;
      redraw();
    });
  }

  show({ slow, nodes, instance }) {
    const key = slow ? `${instance} ${slow.seen} ${slow.last.length} ${slow.last[0]?.time_ms}` : 'off';
    if (key === this.key) return;
    this.key = key;
    say(byId('slow-sum'), slow
      ? `${count(slow.seen)} so far took ${time(slow.threshold_ms)} or longer, or failed` : 'The slow log is off.');
    const last = slow?.last ?? [];
    this.more.hidden = last.length <= FIRST;
    set(this.more, 'aria-expanded', String(this.isWhole));
    say(this.more, this.isWhole ? 'Show fewer' : `Show the last ${whole.format(last.length)}`);
    const hint = !slow ? 'ClusterBuilder::slow_log turns it on.' : 'None so far.';
    const none = () => el('tr', { role: 'row', class: 'none' }, el('td', { role: 'cell', colspan: '5' }, hint));
    const names = new Map(nodes.map(node => [node.id, node.address]));
    const shown = this.isWhole ? last : last.slice(0, FIRST);
    this.body.replaceChildren(...(last.length ? shown.map(request => this.row(request, names)) : [none()]));
  }

  row(request, names) {
    const ended = el('span', { class: 'badge' }), isFine = request.outcome === 'success';
    badge(ended, request.outcome === 'failure' ? 'bad' : 'doubtful', isFine ? 'slow' : (request.error ?? request.outcome).replaceAll('_', ' '));
    const perhaps = !isFine && request.applied === 'maybe' ? el('small', {}, 'perhaps applied') : '';
    const date = new Date(request.time_ms);
    const when = el('time', { datetime: date.toISOString(), title: day.format(date) }, at(request.time_ms));
    const kind = [request.label, request.kind, request.fingerprint].filter(Boolean).join(' · ');
    const parts = [['prepare', request.prepare_wait_ms], ['queues', request.queue_wait_ms], ['pauses', request.back_off_ms], ['attempts', request.attempts_ms]];
    // A first attempt that a second one overtook is in none of them, nor are layers of the user's.
    const rest = request.duration_ms - parts.slice(1).reduce((sum, [, millis]) => sum + millis, 0);
    if (rest > 5 && rest > request.duration_ms / 10) parts.push(['other', rest]);
    const spent = parts.filter(([, millis]) => millis > 0).map(([name, millis]) => `${name} ${time(millis)}`).join(', ');
    const where = [plural(request.attempts, 'attempt'), request.node && (names.get(request.node) ?? request.node)].filter(Boolean).join(', last on ');
    return el('tr', { role: 'row' }, cell('', when), el('td', { role: 'cell', class: 'took' }, time(request.duration_ms)), cell('', ended, perhaps),
      cell('', el('code', {}, request.statement), el('small', {}, kind)), cell('', spent || NONE, el('small', {}, where)));
  }
}
