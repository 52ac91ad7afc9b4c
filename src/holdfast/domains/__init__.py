"""One room per concept, all furnished alike: models, tables, queries, actions, errors."""
