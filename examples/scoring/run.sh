#!/bin/sh
# Scores a recorded trace by a rule, a Python function and a judge, whose model is a fake: nothing leaves this machine.
# Needs an installed otel-bridge; starts a bridge of its own and takes it down again. PYTHON names the interpreter.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
touch "$work/model" "$work/bridge"
model='' bridge=''
trap 'kill $bridge $model 2>/dev/null || true; wait; rm -rf "$work"' EXIT

# A model server: it finds polite whatever says please, sorry or welcome.
"$python" "$here/fake_model.py" --port 0 >"$work/model" &
model=$!
until [ -s "$work/model" ]; do sleep 0.1; done
MODEL_URL=$(head -n 1 "$work/model")
SCORERS_DIR=$here
export MODEL_URL SCORERS_DIR

# A bridge that knows the three scorers, on free ports.
"$python" -m otel_bridge run --config "$here/bridge.yaml" --data-dir "$work/data" \
  --otlp-http 127.0.0.1:0 --otlp-grpc 127.0.0.1:0 --api 127.0.0.1:0 >"$work/bridge" 2>"$work/log" &
bridge=$!
until grep -q 'data in' "$work/bridge"; do kill -0 "$bridge" || { cat "$work/log"; exit 1; }; sleep 0.1; done
OTEL_BRIDGE_URL=$(sed -n 's/.*Weave API  *\([^ ]*\).*/\1/p' "$work/bridge")
export OTEL_BRIDGE_URL

# A trace that was recorded: four replies of a support desk.
"$python" -m otel_bridge import "$here/trace.json"

# Score the replies, and wait for what comes of it.
"$python" -m otel_bridge score --op reply --scorer no_promises --scorer concise --scorer polite

# The verdicts are feedback: here on the replies that the judge did not find polite, asked for by that.
curl --fail --silent --show-error "$OTEL_BRIDGE_URL/calls/stream_query" --data '{
  "project_id": "local/default", "columns": ["output"], "include_feedback": true,
  "query": {"$expr": {"$eq": [{"$getField": "feedback.[wandb.runnable.polite].payload.output.polite"},
                              {"$literal": false}]}}}' |
  "$python" -c '
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    print("\n" + str(call["output"]))
    for one in call["summary"]["weave"]["feedback"]:
        print("  " + one["feedback_type"].removeprefix("wandb.runnable.") + " " + json.dumps(one["payload"]["output"]))
'
