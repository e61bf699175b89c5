"""DELIVER: calls leave the durable queue for an upstream Weave server, whatever happens to either."""
