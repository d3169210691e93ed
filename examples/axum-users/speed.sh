#!/usr/bin/env bash
# GET /users/{id} by wrk: the application, and the same handler on the plain driver in the same process, one after the other, `ROUNDS` times (default 5), each time
# the other one first. Prints requests per second, the processor time of the application per request, the median of the ratios of the rounds with their spread, and the
# memory of the process. Before that there is load for `WARM_UP` seconds (default 60): the server compiles what it does often. `MEMORY_SECONDS=300` adds a load of so many
# seconds with the memory every minute.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v wrk > /dev/null || { echo "needs wrk: apt-get install wrk" >&2; exit 1; }
export PORT=${PORT:-8020} RUST_LOG=${RUST_LOG:-error} DEMO_ITEMS=0 TENANTS=nobody
rounds=${ROUNDS:-5} seconds=${SECONDS_PER_RUN:-10} warm_up=${WARM_UP:-60} memory=${MEMORY_SECONDS:-0}
ours=http://127.0.0.1:$PORT bare=http://127.0.0.1:$((PORT + 1))
target/release/axum-users --bare &
application=$!
report=$(mktemp)
trap 'rm -f "$report" "$report.rounds"; kill -TERM $application 2> /dev/null || true; wait $application || true' EXIT
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
# The median of the ratios of two columns, with the lowest and the highest.
ratio() {
    tr '/(' '  ' < "$report.rounds" | awk -v ours="$1" -v bare="$2" '{ print $ours / $bare }' | sort -n |
        awk '{ value[NR] = $1 } END { printf "%.2f (%.2f to %.2f)", value[int((NR + 1) / 2)], value[1], value[NR] }'
}
run 50 "$ours" $((warm_up / 2)) > /dev/null
run 50 "$bare" $((warm_up / 2)) > /dev/null
for clients in 10 50 100; do
    for round in $(seq "$rounds"); do
        if ((round % 2)); then
            by_us=$(run "$clients" "$ours") by_driver=$(run "$clients" "$bare")
        else
            by_driver=$(run "$clients" "$bare") by_us=$(run "$clients" "$ours")
        fi
        echo "clients $clients: ours $by_us bare $by_driver"
    done | tee "$report.rounds"
    echo "clients $clients: ours to bare: requests $(ratio 4 9), processor $(ratio 6 11)"
done
echo "memory: $(rss)"
for ((minute = 1; minute * 60 <= memory; minute++)); do
    echo "minute $minute: ours $(run 100 "$ours" 60), memory $(rss)"
done
