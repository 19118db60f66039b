-- Where an operator is signed in, to be looked at and revoked: `id` may be shown, the hash of the token never leaves.
-- `last_used_at` is written once a minute at most; `method` is how it was signed in (SignInMethod in
-- gateway/domain/access.py).

alter table sessions
    add column id           uuid not null default gen_random_uuid() unique,
    add column last_used_at timestamptz not null default clock_timestamp(),
    add column method       text not null default 'password';

-- From where operators have signed in: what many others try with their e-mail address holds them up nowhere else
-- (gateway/service/limits.py). An IPv4 address, or an IPv6 network of 64 bits.
create table sign_in_networks (
    operator_id  uuid not null references operators on delete cascade,
    network      text not null,
    last_used_at timestamptz not null default clock_timestamp(),
    primary key (operator_id, network)
);
