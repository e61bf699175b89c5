"""IN: OTLP over HTTP and gRPC becomes spans."""
