"""Use cases and background loops. They know the store, and nothing of SQL or HTTP."""
