// Where the snapshots come from: a stream of events, or, where there is none to be had, asking every two seconds.
const POLL = 2000, STREAM_AGAIN = 60000, HIDDEN = 30000;

class Source {
  // Whether or not there is a slash at the end of where this page is mounted.
  base = location.pathname.replace(/\/*$/, '/');
  events = null;
  timer = null;

  constructor(onSnapshot) {
    this.onSnapshot = onSnapshot;
    this.open();
    // Nobody looks: the place of this stream is for others.
    document.addEventListener('visibilitychange', () => {
      clearTimeout(this.hiding);
      if (document.hidden) this.hiding = setTimeout(() => this.close(), HIDDEN);
      else if (!this.events && !this.timer) this.open();
    });
  }

  close() {
    this.events?.close();
    clearTimeout(this.timer);
    this.events = this.timer = null;
  }

  open() {
    this.close();
    this.events = new EventSource(`${this.base}events`);
    this.events.onmessage = event => this.take(event.data);
    this.events.onerror = () => {
      // The browser tries again by itself unless it was refused.
      if (this.events?.readyState === EventSource.CLOSED) this.poll(performance.now() + STREAM_AGAIN);
    };
  }

  async poll(until) {
    this.close();
    this.timer = setTimeout(() => performance.now() < until ? this.poll(until) : this.open(), POLL);
    try {
      const answer = await fetch(`${this.base}status.json`, { cache: 'no-store' });
      if (answer.ok) this.take(await answer.text());
    } catch {
      // What is missing is seen by its age.
    }
  }

  take(text) {
    let snapshot;
    try { snapshot = JSON.parse(text); } catch { return; }
    if (snapshot?.session) this.onSnapshot(snapshot);
  }
}
