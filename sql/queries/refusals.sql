-- name: claim_refusals(writer, number)$
-- Null where the batch is written already. Waits for a transaction of the same writer that is not over.
insert into refusal_writers as w (id, written) values (:writer, :number)
on conflict (id) do update set written = excluded.written, written_at = clock_timestamp()
where w.written < excluded.written
returning written;

-- name: add_refusals(window_id, requests, is_at_least, until)^
-- No row where the window was deleted. Until the transaction ends, other writers of the same window wait here.
insert into window_refusals as r (window_id, requests, is_at_least, counted_until)
select id, :requests, :is_at_least, :until from windows where id = :window_id for key share
on conflict (window_id) do update
set requests = coalesce(r.requests, 0) + excluded.requests, is_at_least = r.is_at_least or excluded.is_at_least,
    counted_until = greatest(r.counted_until, excluded.counted_until)
returning coalesce(clients, 0) as clients, client_key;

-- name: add_clients(window_id, hashes, is_at_least)!
with added as (
    insert into window_clients (window_id, client)
    select :window_id, hash from unnest(cast(:hashes as bytea[])) hash
    on conflict do nothing
    returning client
)
update window_refusals
set clients = coalesce(clients, 0) + (select count(*) from added), is_at_least = is_at_least or :is_at_least
where window_id = :window_id;

-- name: forget_clients()!
-- Of windows that were over a day ago: the hashes, and what they were made with; how many they were stays.
with settled as (
    update window_refusals r set client_key = null
    from windows w
    where w.id = r.window_id and r.client_key is not null
      and coalesce(w.cancelled_at, w.ended_at, case when w.ends = 'on_time' then w.scheduled_until end) + w.reopen_over
          < clock_timestamp() - interval '1 day'
    returning r.window_id
)
delete from window_clients c using settled s where c.window_id = s.window_id;

-- name: delete_silent_writers()!
delete from refusal_writers where written_at < clock_timestamp() - interval '90 days';
