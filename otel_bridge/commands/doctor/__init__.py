"""`otel-bridge doctor`: is everything right, and what to do about what is not."""
