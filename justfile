# The commands people use. `just` lists them.
default:
    @just --list

# every test, on both engines, through both faces
test *ARGS:
    uv run pytest {{ARGS}}

# what CI checks beside the tests
check:
    uv run ruff check
    uv run ruff format --check
    uv run mypy
    uv run lint-imports
    uv run python tools/generate_async.py --check
    uv run python tools/generate_remote.py --check
    uv run python tools/generate_reference.py --check

# write the async face again
async:
    uv run python tools/generate_async.py

# write docs/reference again
reference:
    uv run python tools/generate_reference.py

# measure beside the raw driver
bench *ARGS:
    uv run python -m benchmarks {{ARGS}}

# a new encrypted file with chats and two organisations in it
demo:
    uv run holdfast demo
