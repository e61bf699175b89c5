"""What every HTTP listener shares: bounded bodies, inflating, the guard of the loopback door."""
