-- Texts for windows and updates that are written before they are needed. No part of the state: no gateway follows them.

create type template_kind as enum ('window', 'update');

create table templates (
    id          uuid primary key default gen_random_uuid(),
    slug        text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and length(slug) <= 60),
    name        text not null check (length(name) between 1 and 100),
    kind        template_kind not null,
    fields      jsonb not null check (jsonb_typeof(fields) = 'object' and length(fields::text) <= 60000),
    row_version integer not null default 1,
    created_at  timestamptz not null default clock_timestamp(),
    updated_at  timestamptz not null default clock_timestamp()
);
create trigger templates_row_version before update on templates
    for each row execute function bump_row_version();

-- What a fresh installation begins with. Whoever does not want one removes it; none comes back.
insert into templates (slug, name, kind, fields) values
('database-upgrade', 'Database upgrade', 'window', '{
    "kind": "maintenance", "gate": "closed", "ends": "when_fixed", "estimated_duration": "PT45M",
    "title": "Database upgrade",
    "description": "We are upgrading our database. {{product}} is not available meanwhile.\n\nYour data is safe, and nothing you have saved is lost."}'),
('deploy', 'Deployment', 'window', '{
    "kind": "maintenance", "gate": "read_only", "ends": "when_fixed", "estimated_duration": "PT15M",
    "title": "Update to {{version}}",
    "description": "We are installing {{version}}. Until that is done you can look at everything, but not change anything."}'),
('unexpected-outage', 'Unexpected outage', 'window', '{
    "kind": "downtime", "gate": "closed", "ends": "when_fixed", "estimated_duration": "PT1H",
    "title": "{{what}} is not available",
    "description": "{{what}} does not work at the moment. We know of it and are working on it; what we find out is posted here."}'),
('slow', 'Slower than usual', 'window', '{
    "kind": "degradation", "gate": "none", "ends": "when_fixed", "estimated_duration": "PT1H",
    "title": "{{what}} is slower than usual",
    "description": "{{what}} works, but takes longer than usual. We are looking into it."}'),
('investigating', 'Investigating', 'update', '{
    "status": "investigating",
    "body": "We are looking into it, and will tell you here as soon as we know more."}'),
('identified', 'Cause found', 'update', '{
    "status": "identified",
    "body": "We have found the cause: {{cause}}. We are working on it."}'),
('monitoring', 'Corrected, watching', 'update', '{
    "status": "monitoring",
    "body": "It is corrected. We are keeping an eye on it before we say that it is over."}'),
('resolved', 'Resolved', 'update', '{
    "status": "resolved",
    "body": "It is over: {{product}} works as it should. Sorry for the interruption."}'),
('overdue', 'Takes longer than planned', 'update', '{
    "status": "in_progress",
    "body": "This takes longer than we planned: {{reason}}. Sorry for that."}');

-- From which address a link was used first: the one thing about its use that is worth knowing besides when.
alter table bypass_links add column first_used_from text not null default '';
