"""CHECKING: what `otel-bridge check` looks at, and what it says of it."""
