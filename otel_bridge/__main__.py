"""`python -m otel_bridge` is `otel-bridge`."""

from otel_bridge.entry import main

if __name__ == "__main__":
    main()
