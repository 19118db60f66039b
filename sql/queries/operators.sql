-- name: operator_by_email(email)^
select id, email, role, password_hash, disabled_at, has_second_factor(id)
from operators where lower(email) = lower(:email);

-- name: operator(email_or_id)^
-- Held against changes until the transaction ends.
select id, email, role, password_hash, disabled_at, last_seen_at, created_at, row_version, has_second_factor(id)
from operators
where lower(email) = lower(:email_or_id) or id::text = lower(:email_or_id) for update;

-- name: operators(after_email, most)
-- By e-mail address, without a limit where `most` is null.
select id, email, role, password_hash, disabled_at, last_seen_at, created_at, row_version, has_second_factor(id)
from operators
where cast(:after_email as text) is null or lower(email) > lower(:after_email)
order by lower(email) limit cast(:most as bigint);

-- name: hold_administrators()
-- Held until the transaction ends: of two that take each other's role away, the second finds out.
select id from operators where role = 'administrator' and disabled_at is null order by id for update;

-- name: operator_was_seen(id)!
update operators set last_seen_at = clock_timestamp() where id = :id;

-- name: count_operators()$
select count(*) from operators;

-- name: insert_operator(email, role, password_hash)$
insert into operators (email, role, password_hash) values (:email, :role, :password_hash) returning id;

-- name: set_operator_password(password_hash, id)!
update operators set password_hash = :password_hash where id = :id;

-- name: set_operator_role(role, id)!
update operators set role = :role where id = :id;

-- name: enable_operator(id)!
update operators set disabled_at = null where id = :id;

-- name: disable_operator(id)!
update operators set disabled_at = clock_timestamp() where id = :id and disabled_at is null;

-- name: insert_link(token_hash, operator_id, lifetime)!
insert into sign_in_links (token_hash, operator_id, expires_at)
values (:token_hash, :operator_id, clock_timestamp() + :lifetime);

-- name: link(token_hash)^
select l.operator_id, o.email
from sign_in_links l left join operators o on o.id = l.operator_id
where l.token_hash = :token_hash and l.expires_at > clock_timestamp() and o.disabled_at is null;

-- name: delete_link(token_hash)$
delete from sign_in_links where token_hash = :token_hash and expires_at > clock_timestamp() returning token_hash;

-- name: delete_first_links()!
delete from sign_in_links where operator_id is null;

-- name: delete_operator_links(operator_id)!
delete from sign_in_links where operator_id = :operator_id;
