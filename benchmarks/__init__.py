"""What Holdfast costs, measured beside the raw driver: `uv run python -m benchmarks`."""
