"""The running bridge: who owns what, in which order things open, and how they stop."""
