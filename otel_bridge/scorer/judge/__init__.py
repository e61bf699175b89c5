"""LLM-as-a-judge: what a model is asked about a call, and what its answer means. Pure."""
