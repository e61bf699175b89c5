"""The sentences of docs/configuration.md between the tables."""

from __future__ import annotations

from typing import Final

from otel_bridge.config_file.layers import MAX_FILES
from otel_bridge.config_file.references import MAX_NESTED
from otel_bridge.config_file.yaml_tree import MAX_DEPTH, MAX_TEXT, MAX_VALUES

HEAD: Final = """# Configuration

`otel-bridge run` needs no configuration. Who wants one writes what an OpenTelemetry Collector
takes: maps of `receivers`, `processors`, `exporters`, `connectors` and `extensions`, and
`service.pipelines` that say what of them runs. A component's id is its type, `weave`, or its type
and a name, `weave/audit`. What no pipeline names does nothing, and the log says so at the start.

The page is made from the models by `python -m tests.pages.configuration`, and a test fails when the
two differ: edit the docstrings of the models or `tests/pages/`, not this file. Files to begin with
are in [`config/`](../config): [standalone](../config/standalone.yaml),
[sidecar](../config/sidecar.yaml), [gateway](../config/gateway.yaml), [fan-out to two projects and a
store](../config/fan-out.yaml), [routing](../config/routing.yaml) by where spans come from,
[redaction](../config/redaction.yaml), and [spans passed on](../config/passing-on.yaml) to a Collector
and written to a file."""

COMMANDS: Final = (
    (
        "otel-bridge validate",
        (
            "says whether `run` could start with the same options, and everything that is wrong, with "
            "file, line and column; exit code 0 or 2; starts nothing"
        ),
    ),
    (
        "otel-bridge print-config",
        (
            "prints what all of it comes to, defaults filled in; `--format yaml` or `json`; secrets are "
            "`[REDACTED]` unless `--mode unredacted`; what is printed is a file that says the same"
        ),
    ),
    ("otel-bridge print-config --profile sidecar", "the same of a profile"),
    ("otel-bridge components", "lists the types there are, how settled each is, and its keys"),
    (
        "otel-bridge featuregate",
        "lists the feature gates there are, and how settled each is; this version has none",
    ),
    (
        "otel-bridge schema",
        (
            "prints the JSON Schema (draft 2020-12) for editors: save it, and begin a file with "
            "`# yaml-language-server: $schema=FILE`"
        ),
    ),
)

ORDER_HEAD: Final = """Later ones win over earlier ones:"""

ORDER: Final = (
    "the defaults of the keys",
    (
        "the profile: `--profile NAME`. `standalone` counts when there is neither a profile nor a "
        "file; below a file a profile lies only when it is named"
    ),
    (
        "`--config`, in the order of the command line: a path, `file:PATH`, `env:NAME` (a variable that "
        "holds the text) or `yaml:TEXT`. `OTEL_BRIDGE_CONFIG` names one"
    ),
    "the variables of the [options](../README.md#options), such as `OTEL_BRIDGE_API`",
    (
        "variables that name a key: `OTEL_BRIDGE__EXPORTERS__WEAVE__ENDPOINT`. Two underscores lead "
        "into a map; `WEAVE_AUDIT` is `weave/audit` where that is there. Their text is taken as it is"
    ),
    "the options as flags, such as `--api`",
    (
        "`--set KEY=VALUE`, as often as you like: `--set exporters.weave.timeout=10s`. The value is "
        "YAML. Where a name has a dot, `::` parts keys: `--set exporters::weave/a.b::timeout=10s`"
    ),
)

ORDER_FOOT: Final = """An option is a name for a key of the components that pipelines use,
whatever their names: `--queue-size` is `sending_queue.queue_size` of every `weave` and `otlp_http`
exporter in use."""

MERGING: Final = """Maps are joined key by key, at any depth. Lists and single values are replaced.
A key with nothing behind it, `processors:`, takes no map and no list away from what was said
before; `[]` is a list of nothing. To be rid of a component, leave it out of every pipeline. A
secret and the file that holds it (`api_key`, `api_key_file`) replace each other."""

REFERENCES: Final = """In every value, not in keys:"""

REFERENCE_ROWS: Final = (
    ("`${env:NAME}`, `${NAME}`", "the variable; when it is not set, an error that names file and line"),
    ("`${env:NAME:-default}`", "the default when the variable is not set or empty"),
    ("`${env:NAME:-}`", "a key that is not there, when the variable is not set or empty"),
    ("`${file:/path}`", "what the file holds, without the newline at its end"),
    ("`${env:A:-${env:B:-c}}`", f"references nest, {MAX_NESTED} deep at most"),
    ("`$$`", "a dollar sign"),
)

REFERENCES_FOOT: Final = """What a variable or a file holds is not looked at again: a dollar sign in a
password is one. A key for a text gets the text as it is, so `0123` stays `0123`; any other key gets
what the text means as YAML, a number, a list or a map. Within braces and brackets YAML wants quotes
around `${…}`. A secret that is a whole file, `api_key: "${file:/run/secrets/key}"`, is read again
when the server refuses the old one. All these files are read again when they change, while the bridge runs:
[what it takes over](operations.md#another-configuration-for-a-running-bridge).

References are filled in after everything is merged, so what is replaced need not stand for
anything. Nothing is ever fetched from the network."""

VALUES: Final = (
    ("duration", "`200ms`, `5s`, `1h30m`, `7d`; units `ns`, `us`, `ms`, `s`, `m`, `h`, `d`"),
    ("size", "a number of bytes, or with a unit: `500MB`, `1GiB`"),
    ("`off`", "no limit, where the table says so"),
    ("HOST:PORT", "`127.0.0.1:4318`, `[::1]:4318`; port 0 takes a free one"),
)

LIMITS: Final = f"""YAML's anchors, aliases and merge keys (`<<`) work. A key that is there
twice is an error, and so is a tag such as `!!python/object`. A text has {MAX_TEXT >> 20} MiB at
most, {MAX_DEPTH} levels and {MAX_VALUES:,} values, each alias counted with all that it repeats;
there may be {MAX_FILES} files."""

PROFILES: Final = """A profile is such a file that comes with the bridge. `OTEL_BRIDGE_BIND` is
the address on which its receivers listen. `sidecar` and what `WANDB_*` variables do: [the
sidecar](sidecar.md). `gateway` has no default project, so spans have to name theirs, and probes and
metrics on ports of their own; its receivers stay on the loopback interface, and the log says so,
until you name an address, and a [file of keys](security.md#keys) in `OTEL_BRIDGE_AUTH_FILE`."""

PIPELINES: Final = """A pipeline's name is its signal, `traces` or `logs`, or with a name,
`traces/audit`. A receiver that several pipelines name is one receiver, and its data goes to each. A
request is answered with success when every exporter that is `required` has kept it: a `store` when
it has committed, a `weave` or an `otlp_http` when its queue is on the disk, a `file` when what was
added is. An exporter with `required: false` makes no sender wait: what it cannot keep becomes a dead
letter, or is counted. A connector is an exporter of one
pipeline and a receiver of another; circles are an error.

Pipelines may lead apart: each exporter gets what its pipeline makes, and what one pipeline changes no other
one sees. Processors work in the order in which a pipeline names them, on spans, on log records and on calls
that the API wrote, before anything is kept. A pipeline of `logs` is what `--logs on` makes. Filters and
routes say in [conditions](conditions.md) what they mean."""
