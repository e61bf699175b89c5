"""What can be found where spans are kept and sent on, and in what says how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_bridge.commands.doctor.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping

KEEPING: Final[Mapping[str, Entry]] = {
    "upstream.unreachable": Entry(
        "Delivery",
        "error",
        "no connection to an upstream can be made",
        "look at the name, the port and the network of {endpoint}: curl -sv {endpoint}",
    ),
    "upstream.tls": Entry(
        "Delivery",
        "error",
        "an upstream's certificate cannot be verified",
        "install the certificate authority that signed it, and name its file in SSL_CERT_FILE",
    ),
    "upstream.key": Entry(
        "Delivery",
        "error",
        "an upstream refuses the key",
        "set another key: WANDB_API_KEY, or exporters.{name}.auth.api_key",
    ),
    "upstream.no_key": Entry(
        "Delivery",
        "error",
        "an upstream wants a key, and none is set",
        "set a key: WANDB_API_KEY, or exporters.{name}.auth.api_key",
    ),
    "upstream.project": Entry(
        "Delivery",
        "error",
        "an upstream takes the key, but not the project",
        "make the project there, or name one that the key may write to: exporters.{name}.project,"
        " WANDB_ENTITY and WANDB_PROJECT",
    ),
    "upstream.answers": Entry(
        "Delivery",
        "error",
        "an upstream answers, but not as it should",
        "look whether exporters.{name}.endpoint, and its headers, are right, and what stands in between",
    ),
    "upstream.waits": Entry(
        "Delivery",
        "warning",
        "the circuit breaker is open: after failures one request at a time is tried, the rest waits",
        "mend the reason that is in the line; where the upstream was only away, nothing",
    ),
    "upstream.clock": Entry(
        "Delivery",
        "warning",
        "the clock of an upstream and that of the bridge differ",
        "let NTP set the clock of this machine (timedatectl, chronyc tracking)",
    ),
    "queue.old": Entry(
        "Delivery",
        "warning",
        "calls have waited for long",
        "mend what this section says of the upstream; after {max_age} they become dead letters",
    ),
    "queue.unused": Entry(
        "Delivery",
        "warning",
        "calls wait for an exporter that no pipeline names: nothing sends them",
        "name it in service.pipelines; or stop the bridge: otel-bridge queue purge --destination {name}",
    ),
    "queue.full": Entry(
        "Delivery",
        "error",
        "the queue is nearly full: senders are told to come again",
        "mend the upstream, or take a larger queue: --queue-size",
    ),
    "queue.dead": Entry(
        "Delivery",
        "warning",
        "there are dead letters: calls that could not be delivered",
        "otel-bridge queue inspect says why; mend it, then otel-bridge queue replay, or queue purge",
    ),
    "queue.lost": Entry(
        "Delivery",
        "error",
        "calls that were acknowledged are lost, by damage to the disk or because dead letters found no room",
        "look at the disk; give dead letters more room: --dead-letter-size",
    ),
    "queue.damaged": Entry(
        "Delivery",
        "warning",
        "records were damaged on the disk and put aside",
        "look at the disk: dmesg, smartctl",
    ),
    "disk.full": Entry(
        "Disk and memory",
        "error",
        "the disk has less room than the bridge must leave free: it refuses spans",
        "make room on the disk of {directory}, or keep less: --max-disk, --queue-size, --retention",
    ),
    "disk.low": Entry(
        "Disk and memory",
        "warning",
        "the disk will be full before the limits of the bridge are reached",
        "make room on the disk of {directory}, or keep less: --max-disk, --queue-size",
    ),
    "disk.cap": Entry(
        "Disk and memory",
        "note",
        "the store is at --max-disk: the oldest calls go, whatever --retention says",
        "--max-disk takes more, where that is not meant",
    ),
    "disk.unwritable": Entry(
        "Disk and memory",
        "error",
        "a directory cannot be written to",
        "give the user of the bridge the right to write there, or take another directory: {flag}",
    ),
    "disk.fleeting": Entry(
        "Disk and memory",
        "warning",
        "the directory goes away with the machine or the pod",
        "use a disk that stays: {flag} DIR, in Kubernetes a persistent volume",
    ),
    "memory.high": Entry(
        "Disk and memory",
        "warning",
        "the bridge takes more than four fifths of the memory it may have",
        "raise the limit of the container, or lower the load; a memory_limiter makes senders wait in time",
    ),
    "memory.refuses": Entry(
        "Disk and memory",
        "error",
        "the memory_limiter refuses spans now",
        "raise its limit, or that of the container",
    ),
    "config.wrong": Entry(
        "Configuration",
        "error",
        "the configuration is wrong: `run` would not start with it",
        "mend the line; otel-bridge validate says the same",
    ),
    "config.unused": Entry(
        "Configuration",
        "warning",
        "a component is defined, but no pipeline names it: it does nothing",
        "name it in service.pipelines or service.extensions, or remove it",
    ),
    "config.other": Entry(
        "Configuration",
        "warning",
        "the running bridge has another configuration than these options, variables and files make",
        "give this command the options of the running bridge, or restart the bridge",
    ),
    "config.gateway": Entry(
        "Configuration",
        "warning",
        "a gateway listens on the loopback interface only: other machines do not reach it",
        "OTEL_BRIDGE_BIND names the address to listen on",
    ),
    "config.unlike_a_collector": Entry(
        "Configuration",
        "note",
        "some keys that are not set mean other things than in an OpenTelemetry Collector",
        "nothing, where that is what you want; docs/configuration.md has the keys",
    ),
    "version.sdk": Entry(
        "Versions",
        "note",
        "a sender's SDK is older than those the bridge is tried with",
        "upgrade it: {wanted} is known to work",
    ),
    "version.schema": Entry(
        "Versions",
        "error",
        "the data directory was written by a newer version",
        "use that version, or another data directory: --data-dir",
    ),
    "version.schema_older": Entry(
        "Versions",
        "note",
        "the data directory is of an older version; the next start brings it up to date",
        "nothing; make a copy first, if you may want to go back",
    ),
    "version.sqlite": Entry(
        "Versions",
        "warning",
        "SQLite is older than the bridge is tried with",
        "reinstall the package apsw, which brings its own: pip install --force-reinstall apsw",
    ),
}
