"""What people type: calls, call, stats, export, import. Against a data directory, or a bridge that runs."""
