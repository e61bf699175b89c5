"""What can be found on the way of a span: the bridge, the test span, its senders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.commands.doctor.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

WAY: Final[Mapping[str, Entry]] = {
    "bridge.down": Entry(
        "Bridge",
        "error",
        "no bridge runs on the data directory",
        "start it: otel-bridge run; if it runs elsewhere: --data-dir DIR, or --url URL",
    ),
    "bridge.silent": Entry(
        "Bridge",
        "error",
        "a process holds the data directory, but its API does not answer",
        "look at its log; restart it when `otel-bridge healthcheck --probe live` fails too",
    ),
    "bridge.no_api": Entry(
        "Bridge",
        "note",
        "the bridge has no API, so only what lies on the disk and in the configuration can be looked at",
        "add a weave_api receiver, and name it in a pipeline",
    ),
    "bridge.refuses": Entry(
        "Bridge",
        "error",
        "the bridge does not let this command in",
        "set OTEL_BRIDGE_API_KEY, or OTEL_BRIDGE_API_KEY_FILE, to a key with the right admin",
    ),
    "bridge.older": Entry(
        "Bridge",
        "warning",
        "the running bridge is of another version than this command, and tells less",
        "restart the bridge, so that it runs the version that is installed",
    ),
    "bridge.not_ready": Entry(
        "Bridge",
        "error",
        "a part of the bridge does not work: `/readyz` says 503",
        "{fix}",
    ),
    "bridge.trouble": Entry(
        "Bridge",
        "warning",
        "counters of trouble are above 0 since the bridge started",
        "docs/operations.md, Metrics, says what each counts; the log has the times",
    ),
    "port.taken": Entry(
        "Bridge",
        "error",
        "an address that the bridge would listen on is taken by another process",
        "stop that process, or take another address: {flag} HOST:PORT",
    ),
    "span.unreachable": Entry(
        "Test span",
        "error",
        "a receiver cannot be reached where the bridge says that it listens",
        "where it asks for client certificates, OTEL_BRIDGE_CLIENT_CERT_FILE and OTEL_BRIDGE_CLIENT_KEY_FILE"
        " show one; else look for a firewall or a proxy between here and {address}; NO_PROXY helps"
        " against proxies",
    ),
    "span.tls": Entry(
        "Test span",
        "warning",
        "the TLS of a receiver cannot be tried from here; senders that trust it may get through",
        "OTEL_BRIDGE_CA_FILE names the authority of its certificate, OTEL_BRIDGE_CLIENT_CERT_FILE and"
        " OTEL_BRIDGE_CLIENT_KEY_FILE the certificate to show",
    ),
    "span.refused": Entry(
        "Test span",
        "error",
        "a receiver refused the test span",
        "the answer says why; senders get the same answer",
    ),
    "span.no_project": Entry(
        "Test span",
        "error",
        "a receiver rejected the test span, because it names no project and there is no default",
        "--default-project ENTITY/PROJECT (a sidecar: WANDB_ENTITY and WANDB_PROJECT), or senders set the"
        " resource attributes wandb.entity and wandb.project",
    ),
    "span.filtered": Entry(
        "Test span",
        "error",
        "a filter or a routing connector took the test span out: no exporter gets it",
        "loosen the conditions of {component}; if they mean other spans, make the test span like yours with"
        " --attribute KEY=VALUE or --resource KEY=VALUE",
    ),
    "span.sampled_out": Entry(
        "Test span",
        "error",
        "a sampler keeps nothing, so also not the test span",
        "raise processors.{component}.sampling_percentage above 0",
    ),
    "span.missing": Entry(
        "Test span",
        "error",
        "a receiver took the test span, but the store does not have it",
        "this must not be: please report it with the log of the bridge and the output of --json",
    ),
    "span.left": Entry(
        "Test span",
        "warning",
        "the test span could not be deleted again",
        "delete it: POST /calls/delete with project_id {project} and call_ids {calls}",
    ),
    "span.queued": Entry(
        "Test span",
        "error",
        "the test span waits in the queue for an upstream",
        "see Delivery; what waits is sent when the upstream takes it",
    ),
    "span.dead": Entry(
        "Test span",
        "error",
        "an upstream refused the test span for good: it is a dead letter",
        "the answer says what the upstream wants; otel-bridge queue inspect lists dead letters",
    ),
    "span.unknown": Entry(
        "Test span",
        "note",
        "what became of the test span behind the queue cannot be seen from here",
        "run the doctor where the data directory of the bridge is",
    ),
    "sender.none": Entry(
        "Senders",
        "note",
        "nobody has sent a span lately",
        "point a program at the bridge: OTEL_EXPORTER_OTLP_ENDPOINT={url}",
    ),
    "sender.no_content": Entry(
        "Senders",
        "warning",
        "inputs or outputs are empty: this sender does not capture content",
        "set {switch}",
    ),
    "sender.content_in_logs": Entry(
        "Senders",
        "note",
        "the spans of this sender have no content, which may come as log records: the bridge takes them",
        "nothing, where the calls show messages; else set {switch}",
    ),
    "sender.never_content": Entry(
        "Senders",
        "note",
        "the spans of this sender have no content, and there is no switch for it",
        "{why}",
    ),
    "sender.no_tokens": Entry(
        "Senders",
        "warning",
        "calls of models come without token counts",
        "set {switch}",
    ),
    "sender.no_roots": Entry(
        "Senders",
        "warning",
        "no span of any sender is the root of its trace: traces have no beginning here",
        "point the program that begins the traces at the bridge too, or look whether its sampler or a filter"
        " drops its spans",
    ),
    "sender.clock_ahead": Entry(
        "Senders",
        "warning",
        "spans end later than they arrive: the clock of this sender is ahead of the bridge's",
        "let NTP set the clocks of both machines (timedatectl, chronyc tracking)",
    ),
    "sender.clock_behind": Entry(
        "Senders",
        "warning",
        "spans arrive long after they ended: the clock of this sender is behind, or it sends late",
        "compare its clock with the bridge's; if it is right, look for a queue in between",
    ),
    "sender.refused": Entry(
        "Senders",
        "warning",
        "spans were refused or rejected lately",
        "{fix}",
    ),
}
