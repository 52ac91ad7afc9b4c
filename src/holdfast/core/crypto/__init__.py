"""Keys and what they protect: the key ring, each tenant's data keys, sealed fields and keyed hashes."""
