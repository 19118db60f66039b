"""PostgreSQL: the only floor that knows SQL. Foreign exceptions are mapped to the gateway's own in `pool.py`."""
