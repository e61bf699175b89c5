#!/bin/sh
# A span in OTLP/JSON with curl, and its call read back with curl. Needs a running `otel-bridge run`.
# Settings: OTEL_EXPORTER_OTLP_ENDPOINT (default http://127.0.0.1:4318), OTEL_BRIDGE_API (default 127.0.0.1:6345).
set -eu

otlp="${OTEL_EXPORTER_OTLP_ENDPOINT:-http://127.0.0.1:4318}"
api="http://${OTEL_BRIDGE_API:-127.0.0.1:6345}"

hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
trace_id=$(hex 16)
span_id=$(hex 8)
now=$(date +%s)

curl --fail --silent --show-error "$otlp/v1/traces" -H 'Content-Type: application/json' --data-binary @- <<JSON
{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shell"}}]},
  "scopeSpans": [{"spans": [{
    "traceId": "$trace_id", "spanId": "$span_id", "name": "nightly backup", "kind": 1,
    "startTimeUnixNano": "${now}000000000", "endTimeUnixNano": "${now}250000000",
    "attributes": [
      {"key": "input.value", "value": {"stringValue": "{\"table\": \"orders\"}"}},
      {"key": "output.value", "value": {"stringValue": "1204 rows"}}
    ]}]}]}]}
JSON
echo "  <- an empty answer means: everything was kept"

curl --fail --silent --show-error "$api/calls/stream_query" \
  --data "{\"project_id\": \"local/default\", \"filter\": {\"call_ids\": [\"$span_id\"]}}"
