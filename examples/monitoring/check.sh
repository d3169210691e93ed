#!/usr/bin/env bash
# Checks the rules with promtool, and lets a real Prometheus scrape the example once and answer every query of the dashboard.
# Needs promtool and prometheus (the Debian package `prometheus`) in the path or in $PROMETHEUS_BIN, curl and python3. Not part of the test command.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
PATH="${PROMETHEUS_BIN:-}:$PATH"
cd "$here"
promtool check rules alerts.yml
promtool test rules alerts_test.yml
promtool check config prometheus.yml
[ "${1:-}" = rules ] && exit 0

work=$(mktemp -d)
cleanup() {
    [ -n "${server:-}" ] && kill "$server" 2>/dev/null || true
    [ -n "${example:-}" ] && kill "$example" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
# The example keeps serving its metrics until it is told to end.
(cd "$here/../.." && cargo build --quiet --release --example observability)
SERVE_FOR=90 "$here/../../target/release/examples/observability" > "$work/example" &
example=$!
prometheus --config.file prometheus.yml --storage.tsdb.path "$work/data" --web.listen-address 127.0.0.1:9185 2> "$work/log" &
server=$!
python3 - <<'PY'
import json, sys, time, urllib.parse, urllib.request

def ask(query):
    url = "http://127.0.0.1:9185/api/v1/query?" + urllib.parse.urlencode({"query": query})
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)

dashboard = json.load(open("dashboard.json"))
queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
queries = [q.replace("$__rate_interval", "1m").replace("$job", "observability") for q in queries]
waiting, end = set(queries), time.time() + 240
while waiting and time.time() < end:
    time.sleep(3)
    for query in sorted(waiting):
        try:
            answer = ask(query)
        except OSError:
            break
        if answer["status"] != "success":
            sys.exit(f"refused: {query}: {answer}")
        if answer["data"]["result"]:
            waiting.discard(query)
print(f"{len(queries) - len(waiting)} of {len(queries)} queries of the dashboard have data")
for query in sorted(waiting):
    print("no data:", query)
sys.exit(bool(waiting))
PY
