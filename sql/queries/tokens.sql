-- name: tokens()
select id, name, scope, created_at, last_used_at, revoked_at from tokens order by name;

-- name: insert_token(name, token_hash, scope)$
insert into tokens (name, token_hash, scope) values (:name, :token_hash, :scope) returning id;

-- name: use_token(token_hash)^
-- The time of the last use is kept to the minute: a busy client does not write a row per call.
with found as (
    select id, name, scope, created_at, last_used_at, revoked_at from tokens
    where token_hash = :token_hash and revoked_at is null
), used as (
    update tokens t set last_used_at = clock_timestamp() from found
    where t.id = found.id
      and (found.last_used_at is null or found.last_used_at < clock_timestamp() - interval '1 minute')
)
select * from found;

-- name: revoke_token(name)$
update tokens set revoked_at = clock_timestamp() where name = :name and revoked_at is null returning id;
