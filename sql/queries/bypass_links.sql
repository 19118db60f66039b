-- name: bypass_links(after_made, after_id, most)
select id, name, expires_at, created_by, created_at, first_used_at, first_used_from, revoked_at
from bypass_links
where cast(:after_made as timestamptz) is null or (created_at, id) < (:after_made, cast(:after_id as uuid))
order by created_at desc, id desc limit :most;

-- name: bypass_link(id)^
select id, name, expires_at, created_by, created_at, first_used_at, first_used_from, revoked_at from bypass_links where id = :id;

-- name: insert_bypass_link(name, expires_at, created_by)^
insert into bypass_links (name, expires_at, created_by) values (:name, :expires_at, :created_by)
returning id, name, expires_at, created_by, created_at, first_used_at, first_used_from, revoked_at;

-- name: revoke_bypass_link(id)^
update bypass_links set revoked_at = clock_timestamp() where id = :id and revoked_at is null
returning id, name, expires_at, created_by, created_at, first_used_at, first_used_from, revoked_at;

-- name: note_first_use(address, id)$
update bypass_links set first_used_at = clock_timestamp(), first_used_from = :address
where id = :id and first_used_at is null returning id;

-- name: bypass_key()$
select encode(secret, 'hex') from bypass_key;

-- name: insert_bypass_key(secret)!
insert into bypass_key (secret) values (:secret);
