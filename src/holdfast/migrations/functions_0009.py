"""Server-side statements of migration 0009 that have no portable form."""

NIL = "'00000000-0000-0000-0000-000000000000'::uuid"

# The owner of a database may create it; it is in `public`, where every role finds it.
EXTENSION = "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"
