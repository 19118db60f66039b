-- Series that are written by hand, in psql, are audited as everything else is.
select audit_writes_by_hand('series', 'series', 'id');
