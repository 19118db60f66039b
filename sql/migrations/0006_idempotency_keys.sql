-- Keys by which API calls are done once, however often they are sent; kept for a day.

create table idempotency_keys (
    actor       text not null,
    key         text not null,
    fingerprint bytea not null, -- of the call: a key is for one
    act         uuid not null,  -- the attempt that has claimed it
    at          timestamptz not null default clock_timestamp(),
    status      smallint,       -- what was answered; null: not kept
    headers     jsonb not null default '{}',
    body        text not null default '',
    primary key (actor, key)
);
create index idempotency_keys_by_time on idempotency_keys (at);
