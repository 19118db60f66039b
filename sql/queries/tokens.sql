-- name: tokens(after_name, most)
-- By name, without a limit where `most` is null.
select id, name, scope, created_by, created_at, expires_at, last_used_at, last_used_from, revoked_at
from tokens where cast(:after_name as text) is null or name > :after_name
order by name limit cast(:most as bigint);

-- name: token(name_or_id)^
select id, name, scope, created_by, created_at, expires_at, last_used_at, last_used_from, revoked_at
from tokens where name = :name_or_id or id::text = lower(:name_or_id)
order by name = :name_or_id desc limit 1;

-- name: insert_token(name, token_hash, scope, expires_at, created_by)^
insert into tokens (name, token_hash, scope, expires_at, created_by)
values (:name, :token_hash, :scope, :expires_at, :created_by)
returning id, name, scope, created_by, created_at, expires_at, last_used_at, last_used_from, revoked_at;

-- name: use_token(token_hash, address)^
-- The last use is kept to the minute: a busy client does not write a row per call.
with found as (
    select id, name, scope, created_by, created_at, expires_at, last_used_at, last_used_from, revoked_at,
           clock_timestamp() as now
    from tokens where token_hash = :token_hash
), used as (
    update tokens t set last_used_at = found.now, last_used_from = :address from found
    where t.id = found.id and found.revoked_at is null and (found.expires_at is null or found.expires_at > found.now)
      and (found.last_used_at is null or found.last_used_at < found.now - interval '1 minute')
)
select * from found;

-- name: revoke_token(id)^
update tokens set revoked_at = clock_timestamp() where id = :id and revoked_at is null
returning id, name, scope, created_by, created_at, expires_at, last_used_at, last_used_from, revoked_at;
