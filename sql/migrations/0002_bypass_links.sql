-- Bypass links: who holds one is let through a closed gate, until it expires or is revoked.
-- The tokens are not here: they are signed, with the one key below.

create table bypass_links (
    id            uuid primary key default gen_random_uuid(),
    name          text not null check (length(name) between 1 and 100),
    expires_at    timestamptz not null,
    created_by    text not null,
    created_at    timestamptz not null default clock_timestamp(),
    first_used_at timestamptz,
    revoked_at    timestamptz,
    constraint bypass_link_expires_in_time check (
        expires_at > created_at and expires_at <= created_at + interval '720 hours'),
    -- What no gateway could read must not get in: one such row would hold up the state of all.
    constraint bypass_link_is_of_our_times check (
        created_at between '1970-01-01Z' and '9000-01-01Z' and first_used_at between '1970-01-01Z' and '9900-01-01Z'
        and revoked_at between '1970-01-01Z' and '9900-01-01Z')
);
create index bypass_links_by_time on bypass_links (created_at desc, id desc);

-- 256 random bits, made with the first link. Whoever deletes the row makes every token worthless at once.
create table bypass_key (
    only_row boolean primary key default true check (only_row),
    secret   bytea not null constraint bypass_key_is_long check (length(secret) = 32)
);

-- Both belong to the state. That a link was used for the first time does not: no gateway needs to hear of it.
create trigger bypass_links_queue
    before insert or update of id, name, expires_at, revoked_at or delete or truncate on bypass_links
    for each statement execute function queue_for_state_version();
create trigger bypass_links_bump
    after insert or update of id, name, expires_at, revoked_at or delete or truncate on bypass_links
    for each statement execute function bump_state_version();
create trigger bypass_key_queue before insert or update or delete or truncate on bypass_key
    for each statement execute function queue_for_state_version();
create trigger bypass_key_bump after insert or update or delete or truncate on bypass_key
    for each statement execute function bump_state_version();
