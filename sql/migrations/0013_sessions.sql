-- Where an operator is signed in, to be looked at and revoked: `id` may be shown, the hash of the token never leaves.
-- `last_used_at` is written once a minute at most; `method` is how it was signed in (SignInMethod in
-- gateway/domain/access.py).

alter table sessions
    add column id           uuid not null default gen_random_uuid() unique,
    add column last_used_at timestamptz not null default clock_timestamp(),
    add column method       text not null default 'password';
