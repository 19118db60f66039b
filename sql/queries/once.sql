-- name: claim_once(actor, key, fingerprint, act)$
-- The act's own claim may be met again, by its second audit entry; null: it is another's.
insert into idempotency_keys (actor, key, fingerprint, act) values (:actor, :key, :fingerprint, :act)
on conflict (actor, key) do update set act = excluded.act where idempotency_keys.act = excluded.act
returning act;

-- name: find_once(actor, key)^
select act, fingerprint, status, headers::text, body from idempotency_keys where actor = :actor and key = :key;

-- name: keep_once(status, headers, body, actor, key, act)!
update idempotency_keys set status = :status, headers = :headers::jsonb, body = :body
where actor = :actor and key = :key and act = :act;

-- name: delete_old_idempotency_keys()!
delete from idempotency_keys where at < clock_timestamp() - interval '1 day';
