-- name: insert_session(token_hash, operator_id, lifetime, method, address, user_agent)!
insert into sessions (token_hash, operator_id, expires_at, method, address, user_agent)
values (:token_hash, :operator_id, clock_timestamp() + :lifetime, :method, :address, :user_agent);

-- name: session_operator(token_hash, idle)^
-- Reading stays cheap: that it was used is written once a minute at most.
with used as (
    update sessions set last_used_at = clock_timestamp()
    where token_hash = :token_hash and last_used_at < clock_timestamp() - interval '1 minute'
        and last_used_at > clock_timestamp() - cast(:idle as interval) and expires_at > clock_timestamp()
)
select o.id, o.email, o.role, o.password_hash, o.disabled_at, has_second_factor(o.id)
from sessions s join operators o on o.id = s.operator_id
where s.token_hash = :token_hash and s.expires_at > clock_timestamp()
    and s.last_used_at > clock_timestamp() - cast(:idle as interval) and o.disabled_at is null;

-- name: operator_sessions(operator_id, token_hash, idle)
-- The latest first; `is_this` is the one of the token.
select id, method, address, user_agent, created_at, last_used_at, expires_at, token_hash = :token_hash as is_this
from sessions
where operator_id = :operator_id and expires_at > clock_timestamp() and last_used_at > clock_timestamp() - cast(:idle as interval)
order by created_at desc, id;

-- name: delete_session(token_hash)$
-- Returns whose it was.
with gone as (delete from sessions where token_hash = :token_hash returning operator_id)
select o.email from gone join operators o on o.id = gone.operator_id;

-- name: delete_session_of(operator_id, id)$
delete from sessions where operator_id = :operator_id and id = :id returning id;

-- name: delete_other_sessions(operator_id, token_hash)
delete from sessions where operator_id = :operator_id and token_hash <> :token_hash returning id;

-- name: delete_operator_sessions(operator_id)
delete from sessions where operator_id = :operator_id returning id;

-- name: delete_expired_sessions()!
delete from sessions where expires_at <= clock_timestamp();

-- name: forget_old_networks()!
delete from sign_in_networks where last_used_at < clock_timestamp() - interval '90 days';

-- name: remember_network(operator_id, network)!
insert into sign_in_networks (operator_id, network) values (:operator_id, :network)
on conflict (operator_id, network) do update set last_used_at = clock_timestamp();

-- name: forget_networks(operator_id)!
delete from sign_in_networks where operator_id = :operator_id;

-- name: familiar_networks()
select lower(o.email) as email, n.network
from sign_in_networks n join operators o on o.id = n.operator_id where o.disabled_at is null;
