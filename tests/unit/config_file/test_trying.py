"""Conditions and patterns: all that make no sense are told at once, each with its own place."""

from __future__ import annotations

CONFIG = """
receivers:
  otlp: {protocols: {http: }}
processors:
  filter:
    traces:
      resource: ['attributes["a" ==']
      span:
      - name = "x"
      - nane == "x"
      - name == "fine"
  attributes:
    actions:
    - {action: delete, pattern: "("}
    where: name ==
  resource:
    attributes:
    - {action: hash, pattern: "["}
    where: name == "x"
  redaction:
    allowed_values: ["fine", "*"]
    blocked_values:
    - {pattern: "(", checksum: luhn}
    - "["
connectors:
  routing:
    table:
    - {context: span, condition: name =, pipelines: [traces/out]}
exporters:
  store:
    retention: 5 weeks
service:
  extensions: [nowhere]
  pipelines:
    traces: {receivers: [otlp], processors: [filter, attributes, resource, redaction], exporters: [routing]}
    traces/out: {receivers: [routing], exporters: [store]}
"""


def test_each_has_its_line_whatever_else_is_wrong(problems):
    told = [problem.split(": ")[:2] for problem in problems(CONFIG)]
    assert told == [
        ["a.yaml:6:18", "processors.filter.traces.resource[0]"],
        ["a.yaml:8:9", "processors.filter.traces.span[0]"],
        ["a.yaml:9:9", "processors.filter.traces.span[1]"],
        ["a.yaml:13:33", "processors.attributes.actions[0].pattern"],
        ["a.yaml:14:12", "processors.attributes.where"],
        ["a.yaml:17:31", "processors.resource.attributes[0].pattern"],
        ["a.yaml:18:12", "processors.resource.where"],
        ["a.yaml:20:30", "processors.redaction.allowed_values[1]"],
        ["a.yaml:22:17", "processors.redaction.blocked_values[0].pattern"],
        ["a.yaml:23:7", "processors.redaction.blocked_values[1]"],
        ["a.yaml:27:34", "connectors.routing.table[0].condition"],
        ["a.yaml:30:16", "exporters.store.retention"],
        ["a.yaml:32:16", "service.extensions"],
    ]
