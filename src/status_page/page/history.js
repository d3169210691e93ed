// What was seen so far: the service keeps no past, so this page does, for as long as it is open.
const KEEP = 120;
const CHANGES = 20;

class Series {
  values = [];
  push(value) {
    this.values.push(known(value) ? value : null);
    if (this.values.length > KEEP) this.values.shift();
  }
  get last() { return this.values.length ? this.values[this.values.length - 1] : null; }
}

class NodeHistory {
  constructor(node) { this.node = node; }
  rate = null;
  latency = new Series();
  inFlight = new Series();
  share = new Series();
}

class History {
  constructor() { this.reset(); }

  reset() {
    this.snapshot = null;
    this.nodes = new Map();
    this.traffic = Object.fromEntries(['requests', 'failed', 'latency', 'running', 'waiting', 'retried'].map(name => [name, new Series()]));
  }

  // Takes a snapshot in; says which changes there were, or nothing for one that is known already.
  add(snapshot) {
    // Another instance: the program was started anew, and its counters began again.
    if (this.snapshot && this.snapshot.instance !== snapshot.instance) this.reset();
    const before = this.snapshot;
    const seconds = before ? (snapshot.elapsed_ms - before.elapsed_ms) / 1000 : null;
    if (seconds !== null && seconds <= 0) return null;
    this.snapshot = snapshot;
    const changes = this.addNodes(snapshot, seconds);
    this.addTraffic(snapshot, before, seconds);
    return before ? changes : [];
  }

  addNodes(snapshot, seconds) {
    const changes = [], now = new Map();
    for (const node of snapshot.nodes) {
      const seen = this.nodes.get(node.id), entry = seen ?? new NodeHistory(node);
      if (!seen) changes.push({ node, from: null });
      else if (seen.node.condition !== node.condition) changes.push({ node, from: seen.node.condition });
      const sent = seen && seconds ? (node.sent - seen.node.sent) / seconds : null;
      // It joined anew, and counts from the beginning.
      entry.rate = sent !== null && sent >= 0 ? sent : null;
      entry.node = node;
      now.set(node.id, entry);
    }
    for (const [id, { node }] of this.nodes) if (!now.has(id)) changes.push({ node, from: node.condition, left: true });
    this.nodes = now;
    const all = [...now.values()], total = all.reduce((sum, entry) => sum + (entry.rate ?? 0), 0);
    for (const entry of all) {
      entry.share.push(entry.rate !== null && total > 0 ? entry.rate / total : null);
      // The mean says nothing of a node that was sent nothing.
      entry.latency.push(entry.rate > 0 ? entry.node.mean_latency_ms : null);
      entry.inFlight.push(entry.node.in_flight);
    }
    return changes;
  }

  addTraffic(snapshot, before, seconds) {
    const ended = it => it && it.succeeded + it.failed;
    const per = (now, then) => known(now) && known(then) && seconds && now >= then ? (now - then) / seconds : null;
    const now = snapshot.requests, then = before?.requests, { traffic } = this;
    traffic.requests.push(per(ended(now), ended(then)));
    traffic.failed.push(per(now?.failed, then?.failed));
    traffic.retried.push(per(now?.retried, then?.retried));
    traffic.running.push(snapshot.session.running);
    traffic.waiting.push((snapshot.concurrency?.queued ?? 0) + (snapshot.rate?.queued ?? 0));
    let weight = 0, sum = 0;
    for (const { rate, node } of this.nodes.values()) {
      if (rate > 0 && known(node.mean_latency_ms)) { weight += rate; sum += rate * node.mean_latency_ms; }
    }
    traffic.latency.push(weight > 0 ? sum / weight : null);
  }
}
