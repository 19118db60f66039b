-- Second factors: one authenticator app for each operator, with recovery codes, and sign-ins that wait for a code.

-- `secret` is encrypted with the key below (docs/decisions/0028). Until `confirmed_at` it is being set up, and asked for by
-- nobody. A code is good once: `last_step` is the 30 s of the last one. Wrong ones are counted from `wrong_since` on.
create table authenticators (
    operator_id  uuid primary key references operators on delete cascade,
    secret       bytea not null,
    confirmed_at timestamptz,
    last_step    bigint not null default 0,
    wrong_codes  integer not null default 0,
    wrong_since  timestamptz
);

create function has_second_factor(which uuid) returns boolean language sql stable as $$
    select exists (select from authenticators where operator_id = which and confirmed_at is not null)
$$;

-- 256 random bits, made with the first authenticator. Whoever deletes the row makes every one of them worthless.
create table authenticator_key (
    only_row boolean primary key default true check (only_row),
    secret   bytea not null constraint authenticator_key_is_long check (length(secret) = 32)
);

-- Only hashes (SHA-256 of 80 random bits); one that is used goes.
create table recovery_codes (
    operator_id uuid not null references operators on delete cascade,
    code_hash   bytea not null,
    primary key (operator_id, code_hash)
);

-- The right password, and no code yet: no session. `method` becomes that of the session.
create table pending_sign_ins (
    token_hash  bytea primary key,
    operator_id uuid not null references operators on delete cascade,
    method      text not null,
    expires_at  timestamptz not null,
    attempts    integer not null default 0
);
create index pending_sign_ins_by_operator on pending_sign_ins (operator_id);

-- Both go with their operator, whose entry says so.
select audit_writes_by_hand('authenticators', 'authenticator', 'operator_id',
                            columns => 'operator_id, secret, confirmed_at', also_by_cascade => false);
select audit_writes_by_hand('authenticator_key', 'authenticator_key', 'only_row', added => 'created');
