"""JOIN: what leads from one pipeline into others."""
