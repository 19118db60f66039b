-- What each gateway process says about the windows that it gates by, so that the fence can be told (gateway/domain/fence.py).
-- No part of the state: writing here raises no version and tells nobody. Until now nobody has written here.

delete from replicas;
alter table replicas
    drop column in_application,
    -- The running system and the process namespace in which `pid` and `process_started` say who it is; empty: not known.
    -- A process of the same host can tell from them for certain that this one is dead.
    add column host            text not null default '',
    add column pid             integer not null,
    add column process_started bigint not null,
    -- {window: {"row_version": , "left": , "given_up": }}
    add column gates           jsonb not null default '{}';
create index replicas_by_host on replicas (host);
