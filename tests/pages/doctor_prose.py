"""The prose of docs/doctor.md."""

HEAD = """# otel-bridge doctor

```sh
otel-bridge doctor
```

It looks at the bridge that runs, or would run, with the options, variables and files that it is
given, which are those of `otel-bridge run`: give it the same. Each line is something that is well
(✓), a fact (·), something to look at (!) or something that does not work (✗), and below it what
helps. In a terminal that knows no Unicode the marks are `+`, `-`, `!` and `x`. `--json` prints one
object with all of it for machines.

| Exit code | Means |
| --- | --- |
| 0 | nothing is wrong; there may be something to look at (!) |
| 1 | something does not work (✗) |
| 2 | a bad option of this command |

Without a bridge that runs it says so, and looks at configuration, disks, upstreams, the store and
the ports."""

SPAN = """## The test span

It sends a span to each listener that takes OTLP (HTTP, gRPC, and the API's port), as any sender
would, and says what the receiver answered, which pipelines and processors the span passed, who
changed it or took it out, and which exporter has it: the store (asked through the API), or an
upstream (the queue on the disk says whether it was delivered, waits, or is a dead letter). Where
nobody gets it, that is an error.

A test span holds no content. Its service is `otel-bridge-doctor`, its name `otel-bridge doctor`,
and it has the attribute `otel_bridge.doctor`; conditions may ask for these. Its trace id is one
that every sampler keeps which keeps anything. `--attribute KEY=VALUE` and `--resource KEY=VALUE`
make it more like your spans, where filters and routes ask for something; `--project` sends it to
another project than the default one.

It does not stay: as soon as it was found it is deleted (`/calls/delete`), so that lists and
statistics do not have it. The deletion takes the way of the span, also to upstreams; while one of
these is away, both wait in the queue in their order. What stays is that the id is known as deleted,
the counts in the metrics, and what exporters have written or passed on that cannot be told to
delete: files, and receivers of OTLP. A monitor that looks at every call may see it before it is
gone. `--no-span` sends none; `--wait` is how many seconds an upstream may take for it."""

SENDERS = """## Senders

A bridge remembers who sent since it started: service, SDK, instrumentation and its version, through
which receiver, and when last, 256 of them at most, in memory. Now and then it looks at one span of
each more closely, for content, tokens and clocks, and keeps no content of it. What the store holds
tells of those who sent before. When all of the last looks at calls of models found no inputs or
output, the line names the switch of that very sender; `otel-bridge explain CALL_ID` says the same
of one call.

What costs: about 2 µs for each resource and scope of a request, and 2 ms for a closer look, one a
second at most (`python -m tests.bench.bench_senders`)."""

ROUTES = """## What it asks

`GET /bridge/status` and `POST /bridge/path` of the API: the first tells how the bridge is, without
secrets or content, the second which way spans would take, keeping nothing. Programs may ask both;
`/openapi.json` has their shapes."""

FINDINGS = """## Findings

The page is made of the program's own table by `python -m tests.pages.doctor`. The ids are those of
`--json`. In braces stands what the line fills in."""
