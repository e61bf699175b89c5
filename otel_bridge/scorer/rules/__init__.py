"""The deterministic kinds: each module opens some of them, and `opening` knows them all."""
