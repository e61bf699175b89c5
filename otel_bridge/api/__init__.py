"""ASK: Weave's own API over HTTP."""
