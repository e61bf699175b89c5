"""The ledger of scoring: which scorers are to be applied to which calls, and what became of it."""
