"""MAP: a span becomes a call. Pure functions, no I/O, no clock."""
