-- name: authenticator(operator_id)^
-- Held until the transaction ends: of two that send the same code, the second finds out. `now` is the clock by which
-- codes are made.
select secret, confirmed_at is not null as is_confirmed, last_step, clock_timestamp() as now,
       case when wrong_since > clock_timestamp() - interval '1 hour' then wrong_codes else 0 end as wrong_codes
from authenticators where operator_id = :operator_id for update;

-- name: put_authenticator(operator_id, secret)$
-- One that is confirmed stays: then nothing is returned.
insert into authenticators (operator_id, secret) values (:operator_id, :secret)
on conflict (operator_id) do update set secret = excluded.secret, last_step = 0 where authenticators.confirmed_at is null
returning operator_id;

-- name: accept_code(operator_id, step)!
update authenticators
set last_step = :step, wrong_codes = 0, wrong_since = null, confirmed_at = coalesce(confirmed_at, clock_timestamp())
where operator_id = :operator_id;

-- name: count_wrong_code(operator_id)!
update authenticators
set wrong_codes = case when wrong_since > clock_timestamp() - interval '1 hour' then wrong_codes + 1 else 1 end,
    wrong_since = case when wrong_since > clock_timestamp() - interval '1 hour' then wrong_since else clock_timestamp() end
where operator_id = :operator_id;

-- name: delete_authenticator(operator_id)!
delete from authenticators where operator_id = :operator_id;

-- name: authenticator_key()$
select secret from authenticator_key;

-- name: insert_authenticator_key(secret)!
-- Of two gateways that make one at once, the first wins.
insert into authenticator_key (secret) values (:secret) on conflict do nothing;

-- name: insert_recovery_code(operator_id, code_hash)!
insert into recovery_codes (operator_id, code_hash) values (:operator_id, :code_hash);

-- name: take_recovery_code(operator_id, code_hash)$
delete from recovery_codes where operator_id = :operator_id and code_hash = :code_hash returning true;

-- name: count_recovery_codes(operator_id)$
select count(*) from recovery_codes where operator_id = :operator_id;

-- name: delete_recovery_codes(operator_id)!
delete from recovery_codes where operator_id = :operator_id;

-- name: insert_pending_sign_in(token_hash, operator_id, method, lifetime)!
insert into pending_sign_ins (token_hash, operator_id, method, expires_at)
values (:token_hash, :operator_id, :method, clock_timestamp() + :lifetime);

-- name: pending_sign_in(token_hash, most)^
-- Whose sign-in it is, while it is good.
select o.id, o.email, o.role, o.password_hash, o.disabled_at, p.method
from pending_sign_ins p join operators o on o.id = p.operator_id
where p.token_hash = :token_hash and p.expires_at > clock_timestamp() and p.attempts < :most and o.disabled_at is null;

-- name: count_attempt(token_hash, most)$
-- Nothing where there were enough: of many at once no more get through.
update pending_sign_ins set attempts = attempts + 1 where token_hash = :token_hash and attempts < :most returning true;

-- name: delete_pending_sign_in(token_hash)!
delete from pending_sign_ins where token_hash = :token_hash;

-- name: delete_pending_sign_ins(operator_id)!
delete from pending_sign_ins where operator_id = :operator_id;

-- name: delete_expired_pending_sign_ins()!
delete from pending_sign_ins where expires_at <= clock_timestamp();
