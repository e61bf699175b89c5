"""WRITE: exporters of the writer process, which keep what they get inside its group commit."""
