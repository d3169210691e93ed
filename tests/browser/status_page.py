#!/usr/bin/env python3
"""The status page in a real browser. Not part of `cargo test`: it needs Chromium.

    tests/browser/status_page.py [--shots FOLDER] [--long]

Starts the example (three real nodes), opens its page, freezes a node: it has to turn red within 10 s and back after it goes on. Then the same page with figures that no small
cluster has: a hundred nodes, and names that are markup and scripts. Screenshots of everything are left in FOLDER (by default `target/browser`), to be looked at.
"""

import argparse
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import urllib.request

from webdriver import Browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHONE = {"width": 390, "height": 844, "phone": True}
# Of the node that is frozen: what its badge says, and whether it is drawn in the colour of trouble.
STATE = """
const row = [...document.querySelectorAll('tr.node')].find(row => row.textContent.includes(arguments[0]));
if (!row) return null;
const badge = row.querySelector('.badge'), colour = getComputedStyle(badge).color;
const bad = getComputedStyle(document.documentElement).getPropertyValue('--bad').trim();
const probe = document.createElement('i'); probe.style.color = bad; document.body.append(probe);
const wanted = getComputedStyle(probe).color; probe.remove();
return { word: badge.textContent, why: row.querySelector('.why').textContent, red: colour === wanted };
"""
# Twice as many nodes as the service shows at most, which is close to what a call takes as arguments; as many snapshots as the page keeps, and some.
MOST, PAST = 2_048, 125
IS_RED = STATE.replace("return {", "const state = {") + "return state.red && state.word !== 'healthy' && state.why !== '';"
IS_WELL = STATE.replace("return {", "const state = {") + "return !state.red && state.word === 'healthy';"


def check(so, what):
    if not so:
        raise AssertionError(what)


class Example:
    """The example in a process of its own; a line freezes the node, the next one lets it go on."""

    def __init__(self):
        subprocess.run(["cargo", "build", "-p", "tower-cassandra", "--example", "status_page"], cwd=ROOT, check=True)
        self.process = subprocess.Popen(
            ["cargo", "run", "--quiet", "-p", "tower-cassandra", "--example", "status_page", "--", "--port", "0"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for line in self.process.stdout:
            if found := re.search(r"status page: (http://\S+)", line):
                self.url = found[1]
            if found := re.match(r"Enter freezes (\S+)", line):
                self.victim = found[1]
                return
        raise SystemExit("the example did not start")

    def toggle(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.write("q\n")
        self.process.stdin.flush()
        rest = self.process.stdout.read()
        check(self.process.wait(timeout=120) == 0 and "status_page: ok" in rest, f"the example failed: {rest}")


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read(), dict(answer.headers)


def quiet(browser, where):
    complaints = browser.log()
    check(not complaints, f"the browser complains of {where}: {complaints}")


def frozen_node(example, shots, warm_up):
    with Browser() as browser, Browser(dark=True) as dark, Browser(**PHONE) as phone, Browser(**PHONE, dark=True) as night:
        everywhere = [("light", browser), ("dark", dark), ("phone", phone), ("phone-dark", night)]
        for _, window in everywhere:
            # Without the slash at the end, which has to work too.
            window.open(example.url.rstrip("/"))
            window.wait(IS_WELL, "the nodes are shown, and well", 60, example.victim)
        threading.Event().wait(warm_up)
        for name, window in everywhere:
            window.screenshot(shots / f"healthy-{name}.png", whole=name == "phone")
        example.toggle()
        red = browser.wait(IS_RED, "the frozen node is red", 10, example.victim)
        print(f"frozen: red after {red:.1f} s: {browser.run(STATE, example.victim)}")
        announced = browser.run("return document.getElementById('changes').textContent")
        check(example.victim in announced, f"the change is not announced: {announced!r}")
        threading.Event().wait(6)
        for name, window in everywhere:
            window.screenshot(shots / f"frozen-{name}.png", whole=name == "phone")
        example.toggle()
        # Its connection is made anew, after a pause of the driver of up to 10 s.
        well = browser.wait(IS_WELL, "it is well again", 60, example.victim)
        print(f"goes on: well after {well:.1f} s")
        threading.Event().wait(3)
        browser.screenshot(shots / "after-light.png", whole=True)
        # The keyboard is enough: the first rack is shut and opened.
        rows = "return document.querySelectorAll('tr.node').length"
        check(browser.run(rows) == 3, "three nodes")
        browser.run("document.querySelector('.rack button').focus(); document.activeElement.click()")
        check(browser.run(rows) < 3, "the rack was not shut")
        browser.run("document.activeElement.click()")
        check(browser.run(rows) == 3, "the rack was not opened, or lost the focus")
        for name, window in everywhere:
            wide = window.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth")
            check(not wide, f"{name}: the page is wider than its window")
            quiet(window, name)


NASTY = [
    "<script>document.title='run'</script>", "<img src=x onerror=document.title='run'>", "</script><b>bold", "{{constructor}}", "javascript:alert(1)",
    "\u202egnippals", "'\"><svg onload=document.title='run'>",
]


def crowd(sample, second, nasty):
    """As of a hundred nodes in two data centres, some of them not well."""
    snapshot = json.loads(json.dumps(sample))
    snapshot |= {"instance": "crowd", "elapsed_ms": second * 1000.0, "title": NASTY[0] if nasty else "a hundred nodes"}
    nodes = []
    for number in range(100):
        datacenter, rack = f"dc{number % 2 + 1}", f"rack{number // 2 % 3 + 1}"
        node = sample["nodes"][0] | {
            "id": f"00000000-0000-0000-0000-{number:012}", "address": f"10.0.{number % 2}.{number + 1}:9042", "datacenter": datacenter, "rack": rack,
            "sent": second * (100 + number * 7 % 40), "in_flight": number * 13 % 9, "mean_latency_ms": 1 + (number * 31 % 17) / 10,
            "level": "good", "condition": "healthy", "reason": None,
        }
        if number in (7, 40):
            node |= {"level": "bad", "condition": "stalled", "reason": "silent, its oldest request is 2.3 s old", "sent": 0, "in_flight": 31}
        if number == 61:
            node |= {"level": "doubtful", "condition": "unknown", "reason": "not answered within 2 s"}
        if nasty:
            text = NASTY[number % len(NASTY)]
            node |= {"datacenter": text, "rack": text, "address": f"{text}{number}", "version": text, "reason": text, "level": "bad"}
        nodes.append(node)
    snapshot |= {"nodes": nodes, "nodes_total": 100}
    snapshot["session"] |= {"healthy": 97, "unhealthy": 3, "local_datacenter": "dc1", "cluster": NASTY[1] if nasty else "big"}
    if nasty and snapshot["slow"]:
        slow = {
            "time_ms": 1, "duration_ms": 2000.5, "outcome": "failure", "error": NASTY[2], "applied": "maybe", "kind": NASTY[1], "label": NASTY[0],
            "fingerprint": NASTY[3], "statement": NASTY[6], "node": None, "attempts": 2, "prepare_wait_ms": 0, "queue_wait_ms": 1, "back_off_ms": 2,
            "attempts_ms": 3, "rows": 0,
        }
        snapshot["slow"] |= {"last": [slow], "seen": 1}
    return snapshot


def full_past(sample):
    """So many nodes, once a second for as long as the page remembers. The last one has a title of its own."""
    snapshot = crowd(sample, 1, nasty=False)
    nodes = [snapshot["nodes"][n % 100] | {"id": f"node {n}", "address": f"10.1.{n // 250}.{n % 250}:9042"} for n in range(MOST)]
    snapshot |= {"instance": "full", "nodes": "NODES", "nodes_total": MOST}
    nodes = json.dumps(nodes)
    for second in range(1, PAST + 1):
        title = {"elapsed_ms": second * 1000.0, "title": "the last" if second == PAST else "not the last"}
        yield f"data: {json.dumps(snapshot | title)}\n\n".replace('"NODES"', nodes).encode()


class Stage(http.server.ThreadingHTTPServer):
    """The real page with its real headers, over other figures. It has no stream, so the page has to ask; or one that tells all at once."""

    daemon_threads = True

    def __init__(self, page, headers, sample, nasty=False, full=False):
        self.page, self.sample, self.nasty, self.full, self.second = page, sample, nasty, full, 0
        self.over = threading.Event()
        self.kept = {name: headers[name] for name in headers if name.lower() in ("content-type", "content-security-policy")}
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_port}/deep/down/"

    def end(self):
        self.over.set()
        self.shutdown()

    def add_second(self):
        self.second += 1
        return self.second


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        stage = self.server
        if self.path.endswith("/status.json"):
            body, headers = json.dumps(crowd(stage.sample, stage.add_second(), stage.nasty)).encode(), {"Content-Type": "application/json"}
        elif self.path.endswith("/events") and stage.full:
            return self.tell_all(stage)
        elif self.path.endswith("/events"):
            return self.send_error(503)
        else:
            body, headers = stage.page, stage.kept
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def tell_all(self, stage):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in full_past(stage.sample):
            self.wfile.write(event)
        # A stream that ends is opened again.
        stage.over.wait(120)

    def log_message(self, *_):
        pass


def other_figures(url, shots):
    page, headers = get(url)
    sample = json.loads(get(f"{url}status.json")[0])
    stage = Stage(page, headers, sample)
    for name, window in [("light", Browser()), ("phone", Browser(**PHONE))]:
        with window as browser:
            browser.open(stage.url)
            browser.wait("return document.querySelectorAll('tr.rack').length === 6", "six racks", 30)
            threading.Event().wait(7)
            shown = browser.run("return document.querySelectorAll('tr.node').length")
            check(shown == 3, f"only the nodes that are not well are shown at first, not {shown}")
            browser.screenshot(shots / f"hundred-{name}.png", whole=name == "phone")
            browser.run("document.querySelectorAll('.rack button').forEach(button => button.click())")
            shown = browser.run("return document.querySelectorAll('tr.node').length")
            check(shown == 100, f"a hundred nodes, not {shown}")
    stage.end()

    stage = Stage(page, headers, sample, full=True)
    with Browser() as browser:
        browser.open(stage.url)
        browser.wait("return document.getElementById('title').textContent === 'the last'", f"{MOST} nodes with their past", 60)
        shown = browser.run("return document.getElementById('nodes-sum').textContent")
        check(f"of {MOST:,} nodes" in shown, f"{MOST} nodes, not {shown!r}")
        quiet(browser, "a full past")
    stage.end()

    stage = Stage(page, headers, sample, nasty=True)
    with Browser() as browser:
        browser.open(stage.url)
        browser.wait("return document.querySelectorAll('tr.node').length > 0", "nodes with nasty names", 30)
        threading.Event().wait(3)
        text = browser.run("return document.body.textContent")
        for nasty in NASTY:
            check(nasty in text, f"{nasty} is not shown as it is")
        check(browser.run("return document.title") != "run", "a name was run")
        alien = browser.run("return document.querySelectorAll('main script, main img, main b:not(.figure b), [onload], [onerror]').length")
        check(alien == 0, "a name became markup")
        browser.screenshot(shots / "nasty-light.png")
    stage.end()
    print("a hundred nodes, a thousand with a full past, and nasty names: fine")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--shots", type=pathlib.Path, default=ROOT / "target" / "browser")
    arguments.add_argument("--long", action="store_true", help="two minutes of load before the screenshots, so that the charts are full")
    options = arguments.parse_args()
    options.shots.mkdir(parents=True, exist_ok=True)
    example = Example()
    with Browser() as witness:
        try:
            frozen_node(example, options.shots, warm_up=120 if options.long else 20)
            other_figures(example.url, options.shots)
            witness.open(example.url)
            witness.wait(IS_WELL, "the nodes are shown", 30, example.victim)
        finally:
            example.end()
        # What is shown is old now, and says so.
        old = "return document.body.classList.contains('stale') && document.getElementById('alarm').textContent.startsWith('No news since')"
        witness.wait(old, "figures that are old are shown as such", 15)
    print(f"status_page.py: ok; screenshots in {options.shots}")


if __name__ == "__main__":
    sys.exit(main())
