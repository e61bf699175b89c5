"""KEEP: the writer and the reader process, and how the service talks to them."""
