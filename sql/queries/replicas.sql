-- name: report_replica(id, name, applied_version, host, pid, process_started, gates)!
-- Insert or update: the row may be gone (forgotten, or the database is another one since).
insert into replicas (id, name, applied_version, host, pid, process_started, gates)
values (:id, :name, :applied_version, :host, :pid, :process_started, :gates::jsonb)
on conflict (id) do update
set applied_version = excluded.applied_version, gates = excluded.gates, heartbeat_at = clock_timestamp();

-- name: neighbours(host, id)
-- The other replicas of a host.
select id, name, pid, process_started from replicas where host = :host and id <> :id;

-- name: delete_replica(id)$
delete from replicas where id = :id returning gates::text;

-- name: delete_silent_replica(id, silent_after)$
delete from replicas where id = :id and heartbeat_at < clock_timestamp() - :silent_after::interval returning name;

-- name: replica_name(id)$
select name from replicas where id = :id;

-- name: fence_view(id)^
-- One statement, so one view of the database: whoever reads a report here also sees the windows that it was made by.
-- Of one window, or (null) of every window in force that gates.
select clock_timestamp() as now,
       coalesce((select jsonb_agg(document order by starts_at, id) from window_documents
                 where id = :id or (cast(:id as uuid) is null and state in ('active', 'overrunning')
                                    and document ->> 'gate' <> 'none')), '[]')::text as windows,
       coalesce((select jsonb_agg(jsonb_build_object(
                     'id', r.id, 'name', r.name, 'applied_version', r.applied_version, 'gates', r.gates,
                     'started_at', r.started_at, 'heartbeat_at', r.heartbeat_at) order by r.name, r.started_at, r.id)
                 from replicas r), '[]')::text as replicas;
