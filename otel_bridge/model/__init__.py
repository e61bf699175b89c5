"""What flows through the bridge: spans, calls and queries. Imports nothing of ours."""
