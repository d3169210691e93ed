// The table of nodes: by data centre, by rack, by address.
const SMALL = 24;

class NodesTable {
  table = byId('nodes');
  datacenters = new Map();
  racks = new Map();
  rows = new Map();
  // What the viewer opened or shut; a large cluster is shut at first.
  chosen = new Map();

  show(history) {
    const entries = [...history.nodes.values()], session = history.snapshot.session;
    const groups = group(entries, entry => entry.node.datacenter ?? '', session.local_datacenter);
    // Node by node: all values of a thousand nodes are more than a call takes as arguments.
    const most = (name, least) => entries.reduce((most, entry) => Math.max(most, ...entry[name].values), least);
    const scale = { latency: most('latency', 1), inFlight: most('inFlight', 4) };
    const isOpenAtFirst = entries.length <= SMALL, bodies = [], used = new Set();
    for (const [datacenter, members] of groups) {
      bodies.push(this.datacenter(datacenter, members, datacenter === session.local_datacenter));
      for (const [rack, ofRack] of group(members, entry => entry.node.rack ?? '')) {
        bodies.push(this.rack(JSON.stringify([datacenter, rack]), rack, ofRack, isOpenAtFirst, scale, used));
      }
    }
    for (const id of this.rows.keys()) if (!used.has(id)) this.rows.delete(id);
    arrange(this.table, [this.table.tHead, ...bodies]);
    say(byId('nodes-sum'), this.sum(history.snapshot));
  }

  sum({ nodes, nodes_total: total, session }) {
    if (!total) return session.closed ? 'The session is closed.' : session.ready === false ? 'Not connected yet.' : 'This session knows no nodes.';
    const hidden = total > nodes.length ? `, the first ${whole.format(nodes.length)} are shown` : '';
    return `${whole.format(session.healthy)} of ${plural(total, 'node')} healthy${hidden}`;
  }

  datacenter(name, members, isLocal) {
    const body = remember(this.datacenters, name, () => {
      const title = el('span'), note = el('small');
      const head = el('th', { role: 'rowheader', scope: 'rowgroup', colspan: '5' }, title, note);
      return { title, note, element: el('tbody', { role: 'rowgroup' }, el('tr', { role: 'row', class: 'datacenter' }, head)) };
    });
    say(body.title, name || 'unknown data centre');
    say(body.note, [isLocal ? 'nearby' : '', conditions(members)].filter(Boolean).join(' · '));
    return body.element;
  }

  rack(key, name, entries, isOpenAtFirst, scale, used) {
    const isOpen = this.chosen.get(key) ?? isOpenAtFirst;
    const body = remember(this.racks, key, () => {
      const head = new RackRow(() => {
        this.chosen.set(key, head.toggle.getAttribute('aria-expanded') !== 'true');
        redraw();
      });
      return { head, element: el('tbody', { role: 'rowgroup' }, head.element) };
    });
    body.head.show(name || 'unknown rack', entries, isOpen);
    const shown = entries.filter(({ node }) => isOpen || node.level !== 'good').map(entry => {
      used.add(entry.node.id);
      const row = remember(this.rows, entry.node.id, () => new NodeRow());
      row.show(entry, scale);
      return row.element;
    });
    arrange(body.element, [body.head.element, ...shown]);
    return body.element;
  }
}

function remember(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

// By name, one of them first.
function group(entries, name, first) {
  const groups = new Map();
  for (const entry of entries) remember(groups, name(entry), () => []).push(entry);
  const order = key => key === first ? 0 : 1;
  return [...groups].sort(([a], [b]) => order(a) - order(b) || a.localeCompare(b, undefined, { numeric: true }));
}

// Moves nothing that is in its place, so that the focus stays where it is.
function arrange(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, place) => {
    if (parent.children[place] !== child) parent.insertBefore(child, parent.children[place] ?? null);
  });
}
