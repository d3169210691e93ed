// All together.
const STALE = 4000;
const history = new History();
const nodesTable = new NodesTable(), tiles = new Tiles(), panels = new Panels(), slowTable = new SlowTable();
let isPaused = false, taken = null;

function redraw() {
  if (!history.snapshot) return;
  nodesTable.show(history);
  tiles.show(history);
  panels.show(history.snapshot);
  slowTable.show(history.snapshot);
  head(history.snapshot);
}

function head({ title, session, streams }) {
  const name = title ?? session.cluster ?? 'Cassandra';
  say(byId('title'), name);
  const bad = session.unhealthy;
  document.title = `${bad ? `(${bad}) ` : ''}${name} – status`;
  say(byId('about'), [
    title && session.cluster, session.local_datacenter && `nearby: ${session.local_datacenter}`, plural(streams, 'viewer'),
  ].filter(Boolean).join(' · '));
  if (session.closed) badge(byId('ready'), 'bad', 'closed');
  else if (session.ready === true) badge(byId('ready'), session.unhealthy ? 'doubtful' : 'good', session.unhealthy ? 'ready, not all well' : 'ready');
  else if (session.ready === false) badge(byId('ready'), 'bad', 'not ready');
  else badge(byId('ready'), 'doubtful', 'a service of its own');
}

function alarm() {
  const session = history.snapshot?.session;
  const isStale = taken !== null && performance.now() - taken > STALE && !isPaused && !session?.closed;
  const text = isStale ? `No news since ${at(history.snapshot.time_ms)}: the service does not answer.`
    : session?.not_ready && !session.closed ? `Not ready: ${session.not_ready}` : '';
  document.body.classList.toggle('stale', isStale);
  byId('alarm').hidden = !text;
  say(byId('alarm'), text);
  const since = history.snapshot ? at(history.snapshot.time_ms) : '';
  say(byId('live'), isPaused ? `paused at ${since}` : taken === null ? 'waiting for the first figures' : since);
}

function tell({ node, from, left }) {
  const item = el('li', {}, el('time', { class: 'muted' }, at(Date.now())), el('span', {}, node.address));
  const state = el('span', { class: 'badge' });
  if (left) badge(state, 'doubtful', 'left the cluster');
  else badge(state, node.level, node.condition);
  item.append(state, el('span', { class: 'muted' }, left ? '' : from ? `was ${from}${node.reason ? `; ${node.reason}` : ''}` : 'joined'));
  const list = byId('changes');
  list.prepend(item);
  while (list.children.length > CHANGES) list.lastElementChild.remove();
}

byId('pause').addEventListener('click', event => {
  isPaused = !isPaused;
  set(event.currentTarget, 'aria-pressed', String(isPaused));
  say(event.currentTarget, isPaused ? 'Go on' : 'Pause');
  alarm();
});

new Source(snapshot => {
  taken = performance.now();
  if (isPaused) return;
  const changes = history.add(snapshot);
  if (!changes) return;
  redraw();
  changes.forEach(tell);
  alarm();
});
setInterval(alarm, 1000);
