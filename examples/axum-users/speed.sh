#!/usr/bin/env bash
# GET /users/{id} by wrk: the application, and the same handler on the plain driver in the same process, one after the other, `ROUNDS` times (default 3). Prints
# requests per second, the processor time of the application per request, and the memory of the process. `MEMORY_SECONDS=300` adds a load of so many seconds with the memory every minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v wrk > /dev/null || { echo "needs wrk: apt-get install wrk" >&2; exit 1; }
export PORT=${PORT:-8020} RUST_LOG=${RUST_LOG:-error} DEMO_ITEMS=0 TENANTS=nobody
rounds=${ROUNDS:-3} seconds=${SECONDS_PER_RUN:-10} memory=${MEMORY_SECONDS:-0}
ours=http://127.0.0.1:$PORT bare=http://127.0.0.1:$((PORT + 1))
target/release/axum-users --bare &
application=$!
report=$(mktemp)
trap 'rm -f "$report"; kill -TERM $application 2> /dev/null || true; wait $application || true' EXIT
for _ in $(seq 120); do
    curl --silent --output /dev/null "$bare/users/x" && break
    sleep 1
done
id=$(curl --silent -H 'content-type: application/json' -d '{"name":"Alice","email":"alice@example.org","age":30}' "$ours/users" | sed 's/.*"id":"\([^"]*\)".*/\1/')
rss() { awk '/VmRSS/ { printf "%.1f MB", $2 / 1024 }' /proc/$application/status; }
cpu() { awk -v hz="$(getconf CLK_TCK)" '{ print ($14 + $15) * 1e6 / hz }' "/proc/$application/stat"; }
# Requests per second, and the processor time of the application for each, which other work on the machine disturbs less.
run() {
    local before after
    before=$(cpu)
    wrk -t1 -c "$1" -d "${3:-$seconds}" "$2/users/$id" > "$report"
    after=$(cpu)
    awk -v cpu="$(echo "$after - $before" | bc)" '/requests in/ { count = $1 } /Requests\/sec/ { rate = $2 } /Non-2xx/ { print "FAILED", $0 }
        END { printf "%.0f/s (%.0f us)", rate, cpu / count }' "$report"
}
run 50 "$ours" > /dev/null
run 50 "$bare" > /dev/null
for clients in 10 50 100; do
    for _ in $(seq "$rounds"); do
        echo "clients $clients: ours $(run "$clients" "$ours") bare $(run "$clients" "$bare")"
    done
done
echo "memory: $(rss)"
for ((minute = 1; minute * 60 <= memory; minute++)); do
    echo "minute $minute: ours $(run 100 "$ours" 60), memory $(rss)"
done
