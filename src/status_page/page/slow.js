// The slow log, the newest first.
class SlowTable {
  body = byId('slow').tBodies[0];
  key = null;

  show({ slow, nodes, instance }) {
    const key = slow ? `${instance} ${slow.seen} ${slow.last.length} ${slow.last[0]?.time_ms}` : 'off';
    if (key === this.key) return;
    this.key = key;
    say(byId('slow-sum'), slow
      ? `${count(slow.seen)} so far took ${time(slow.threshold_ms)} or longer, or failed` : 'The slow log is off.');
    const hint = !slow ? 'ClusterBuilder::slow_log turns it on.' : slow.last.length ? null : 'None so far.';
    if (hint) {
      const none = el('td', { role: 'cell', colspan: '5' }, hint);
      return this.body.replaceChildren(el('tr', { role: 'row', class: 'none' }, none));
    }
    const names = new Map(nodes.map(node => [node.id, node.address]));
    this.body.replaceChildren(...slow.last.map(request => this.row(request, names)));
  }

  row(request, names) {
    const ended = el('span', { class: 'badge' });
    const level = { success: 'good', cancelled: 'doubtful' }[request.outcome] ?? 'bad';
    badge(ended, level, request.outcome === 'success' ? 'slow' : (request.error ?? request.outcome).replaceAll('_', ' '));
    const perhaps = request.outcome !== 'success' && request.applied === 'maybe' ? el('small', {}, 'perhaps applied') : '';
    const when = el('time', { datetime: new Date(request.time_ms).toISOString(), title: day.format(new Date(request.time_ms)) }, at(request.time_ms));
    const kind = [request.label, request.kind, request.fingerprint].filter(Boolean).join(' · ');
    const parts = [['prepare', request.prepare_wait_ms], ['queues', request.queue_wait_ms], ['pauses', request.back_off_ms], ['attempts', request.attempts_ms]];
    const spent = parts.filter(([, millis]) => millis > 0).map(([name, millis]) => `${name} ${time(millis)}`).join(', ');
    const where = [plural(request.attempts, 'attempt'), request.node && (names.get(request.node) ?? request.node)].filter(Boolean).join(', last on ');
    return el('tr', { role: 'row' }, cell('', when), el('td', { role: 'cell', class: 'took' }, time(request.duration_ms)), cell('', ended, perhaps),
      cell('', el('code', {}, request.statement), el('small', {}, kind)), cell('', spent || NONE, el('small', {}, where)));
  }
}
