#!/usr/bin/env bash
# Tests the API against its description with schemathesis (PyPI): made-up requests, right and wrong ones, and every answer compared with what the description says.
# Starts the application with a node of its own and ends it. `SCHEMATHESIS` names the program, `SECONDS_OF_FUZZING` how long it goes on (default 120).
set -euo pipefail
cd "$(dirname "$0")/../.."
schemathesis=${SCHEMATHESIS:-schemathesis}
seconds=${SECONDS_OF_FUZZING:-120}
command -v "$schemathesis" > /dev/null || {
    echo "needs schemathesis: python3 -m venv .venv && .venv/bin/pip install schemathesis, then SCHEMATHESIS=.venv/bin/schemathesis $0" >&2
    exit 1
}
cargo build --release --locked -p axum-users
export PORT=${PORT:-8010} SLOW_SECONDS=0.05 RUST_LOG=${RUST_LOG:-error} DEMO_ITEMS=1000
# So that it is tested as well who may do what.
export ADMIN_TOKEN=${ADMIN_TOKEN:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}
target/release/axum-users &
application=$!
trap 'kill -TERM $application 2> /dev/null || true; wait $application || true' EXIT
for _ in $(seq 120); do
    curl --silent --fail --output /dev/null "http://127.0.0.1:$PORT/readyz" && break
    sleep 1
done
# Left out: what ends the application, and what fails on purpose (`/test/query_error`). The time limit of each answer is that of the slowest honest one.
"$schemathesis" --config-file examples/axum-users/schemathesis.toml run "http://127.0.0.1:$PORT/openapi.json" \
    --header "Authorization: Bearer $ADMIN_TOKEN" --exclude-path /shutdown --exclude-path /test/query_error \
    --max-time "$seconds" --max-response-time 35 --continue-on-failure --seed 1 "$@"
kill -0 $application
curl --silent --fail "http://127.0.0.1:$PORT/rate_limit/status"
echo
