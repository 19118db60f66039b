-- What the migrations add up to. For reading only: `python -m tests.schema` writes it, nothing loads it.

CREATE TYPE public.component_status AS ENUM (
    'operational',
    'under_maintenance',
    'degraded_performance',
    'partial_outage',
    'major_outage'
);

CREATE TYPE public.operator_role AS ENUM (
    'viewer',
    'reporter',
    'operator',
    'administrator'
);

CREATE TYPE public.token_scope AS ENUM (
    'read',
    'report',
    'write',
    'admin'
);

CREATE TYPE public.update_status AS ENUM (
    'scheduled',
    'investigating',
    'identified',
    'in_progress',
    'monitoring',
    'verifying',
    'resolved',
    'completed',
    'cancelled'
);

CREATE TYPE public.window_ends AS ENUM (
    'when_fixed',
    'on_time'
);

CREATE TYPE public.window_gate AS ENUM (
    'none',
    'read_only',
    'closed'
);

CREATE TYPE public.window_kind AS ENUM (
    'maintenance',
    'downtime',
    'degradation',
    'announcement'
);

CREATE FUNCTION public.bump_row_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.row_version := old.row_version + 1;
    new.updated_at := clock_timestamp();
    return new;
end $$;

CREATE FUNCTION public.bump_state_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    current bigint;
begin
    update state_version set version = greatest(version + 1, extract(epoch from clock_timestamp()) * 1000000)
    returning version into current;
    -- The payload is the number alone: more than 8000 bytes would fail the writer.
    perform pg_notify('gateway_state', current::text);
    return null;
end $$;

CREATE FUNCTION public.fill_window() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.gate := coalesce(new.gate, case when new.kind in ('maintenance', 'downtime') then 'closed' else 'none' end::window_gate);
    new.scheduled_until := new.starts_at + new.estimated_duration;
    if new.fixed and new.ended_at is null then
        if new.cancelled_at is not null or new.starts_at > clock_timestamp() then
            -- "update windows set fixed = true" in an emergency must end what is in force, whatever else is scheduled.
            raise notice 'the window "%" is not in force, so there is nothing to fix: it is left as it is', new.title;
            new.fixed := false;
        else
            new.ended_at := clock_timestamp();
        end if;
    end if;
    return new;
end $$;

CREATE FUNCTION public.queue_for_state_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform version from state_version for update;
    return null;
end $$;

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception 'the table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    actor text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    subject_id text DEFAULT ''::text NOT NULL,
    before jsonb,
    after jsonb
);

ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.bypass_key (
    only_row boolean DEFAULT true NOT NULL,
    secret bytea NOT NULL,
    CONSTRAINT bypass_key_is_long CHECK ((length(secret) = 32)),
    CONSTRAINT bypass_key_only_row_check CHECK (only_row)
);

CREATE TABLE public.bypass_links (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_by text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    first_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT bypass_link_expires_in_time CHECK (((expires_at > created_at) AND (expires_at <= (created_at + '720:00:00'::interval)))),
    CONSTRAINT bypass_link_is_of_our_times CHECK ((((created_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (created_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)) AND ((first_used_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (first_used_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)) AND ((revoked_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (revoked_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT bypass_links_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.components (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status public.component_status DEFAULT 'operational'::public.component_status NOT NULL,
    group_id uuid,
    "position" integer DEFAULT 0 NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT components_description_check CHECK ((length(description) <= 2000)),
    CONSTRAINT components_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT components_slug_check CHECK (((slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text) AND (length(slug) <= 60)))
);

CREATE VIEW public.component_documents AS
 SELECT "position",
    slug,
    jsonb_build_object('id', id, 'slug', slug, 'name', name, 'description', description, 'status', status, 'group_id', group_id, 'position', "position", 'row_version', row_version, 'created_at', created_at, 'updated_at', updated_at) AS document
   FROM public.components c;

CREATE TABLE public.component_groups (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    CONSTRAINT component_groups_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.idempotency_keys (
    actor text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    act uuid NOT NULL,
    at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status smallint,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    body text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.jobs (
    name text NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    claimed_by text NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.operators (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    email text NOT NULL,
    role public.operator_role NOT NULL,
    password_hash text,
    disabled_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_seen_at timestamp with time zone,
    CONSTRAINT operators_email_check CHECK (((email ~ '^[^@\s]+@[^@\s]+$'::text) AND (length(email) <= 254)))
);

CREATE TABLE public.replicas (
    id uuid NOT NULL,
    name text NOT NULL,
    applied_version bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    heartbeat_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    host text DEFAULT ''::text NOT NULL,
    pid integer NOT NULL,
    process_started bigint NOT NULL,
    gates jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE public.schema_migrations (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.sessions (
    token_hash bytea NOT NULL,
    operator_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    user_agent text DEFAULT ''::text NOT NULL
);

CREATE TABLE public.sign_in_links (
    token_hash bytea NOT NULL,
    operator_id uuid,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.state_version (
    only_row boolean DEFAULT true NOT NULL,
    version bigint DEFAULT (EXTRACT(epoch FROM clock_timestamp()) * (1000000)::numeric) NOT NULL,
    CONSTRAINT state_version_only_row_check CHECK (only_row)
);

CREATE TABLE public.tokens (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    token_hash bytea NOT NULL,
    scope public.token_scope NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT tokens_name_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

CREATE TABLE public.updates (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    window_id uuid NOT NULL,
    status public.update_status NOT NULL,
    body text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT updates_body_check CHECK (((length(body) >= 1) AND (length(body) <= 20000)))
);

CREATE TABLE public.window_components (
    window_id uuid NOT NULL,
    component_id uuid NOT NULL,
    status public.component_status DEFAULT 'under_maintenance'::public.component_status NOT NULL
);

CREATE TABLE public.windows (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind public.window_kind DEFAULT 'maintenance'::public.window_kind NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    starts_at timestamp with time zone DEFAULT now() NOT NULL,
    estimated_duration interval DEFAULT '00:30:00'::interval NOT NULL,
    ends public.window_ends DEFAULT 'when_fixed'::public.window_ends NOT NULL,
    gate public.window_gate NOT NULL,
    hosts text[] DEFAULT '{}'::text[] NOT NULL,
    paths text[] DEFAULT '{}'::text[] NOT NULL,
    reminders interval[] DEFAULT '{}'::interval[] NOT NULL,
    recurrence text,
    reopen_over interval DEFAULT '00:00:00'::interval NOT NULL,
    fixed boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone,
    cancelled_at timestamp with time zone,
    scheduled_until timestamp with time zone NOT NULL,
    row_version integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    excluded_paths text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT window_ended_after_it_started CHECK ((ended_at >= starts_at)),
    CONSTRAINT window_ended_or_cancelled CHECK (((ended_at IS NULL) OR (cancelled_at IS NULL))),
    CONSTRAINT window_ends_after_it_starts CHECK ((estimated_duration > '00:00:00'::interval)),
    CONSTRAINT window_fixed_means_ended CHECK (((NOT fixed) OR (ended_at IS NOT NULL))),
    CONSTRAINT window_is_of_our_times CHECK ((((starts_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (starts_at <= '9000-01-01 00:00:00+00'::timestamp with time zone)) AND (ended_at < '9900-01-01 00:00:00+00'::timestamp with time zone) AND ((cancelled_at >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (cancelled_at <= '9900-01-01 00:00:00+00'::timestamp with time zone)))),
    CONSTRAINT window_lasts_days_not_months CHECK (((EXTRACT(year FROM estimated_duration) = (0)::numeric) AND (EXTRACT(month FROM estimated_duration) = (0)::numeric) AND (estimated_duration <= '3660 days'::interval))),
    CONSTRAINT window_names_excluded_paths CHECK (((COALESCE(array_ndims(excluded_paths), 1) = 1) AND (array_position(excluded_paths, NULL::text) IS NULL))),
    CONSTRAINT window_names_hosts_and_paths CHECK (((COALESCE(array_ndims(hosts), 1) = 1) AND (COALESCE(array_ndims(paths), 1) = 1) AND (array_position(hosts, NULL::text) IS NULL) AND (array_position(paths, NULL::text) IS NULL))),
    CONSTRAINT window_reminds_before_it_starts CHECK ((((('00:00:00'::interval <= ALL (reminders)) AND ('366 days'::interval >= ALL (reminders))) IS TRUE) AND (COALESCE(array_ndims(reminders), 1) = 1))),
    CONSTRAINT window_reopens_in_time CHECK (((reopen_over >= '00:00:00'::interval) AND (reopen_over <= '1 day'::interval))),
    CONSTRAINT windows_description_check CHECK ((length(description) <= 20000)),
    CONSTRAINT windows_title_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

CREATE VIEW public.window_documents AS
 SELECT id,
    starts_at,
    scheduled_until,
    ended_at,
    cancelled_at,
    ends,
        CASE
            WHEN (cancelled_at IS NOT NULL) THEN 'cancelled'::text
            WHEN (clock_timestamp() < starts_at) THEN 'scheduled'::text
            WHEN (ended_at <= clock_timestamp()) THEN 'ended'::text
            WHEN ((ended_at IS NULL) AND (ends = 'on_time'::public.window_ends) AND (scheduled_until <= clock_timestamp())) THEN 'ended'::text
            WHEN (scheduled_until <= clock_timestamp()) THEN 'overrunning'::text
            ELSE 'active'::text
        END AS state,
    jsonb_build_object('id', id, 'kind', kind, 'title', title, 'description', description, 'starts_at', starts_at, 'estimated_duration', EXTRACT(epoch FROM estimated_duration), 'ends', ends, 'gate', gate, 'scope', jsonb_build_object('hosts', hosts, 'paths', paths, 'excluded_paths', excluded_paths), 'components', COALESCE(( SELECT jsonb_agg(jsonb_build_object('slug', c.slug, 'status', wc.status) ORDER BY c."position", c.slug) AS jsonb_agg
           FROM (public.window_components wc
             JOIN public.components c ON ((c.id = wc.component_id)))
          WHERE (wc.window_id = w.id)), '[]'::jsonb), 'reminders', COALESCE(( SELECT jsonb_agg(EXTRACT(epoch FROM lead_time.lead_time)) AS jsonb_agg
           FROM unnest(w.reminders) lead_time(lead_time)), '[]'::jsonb), 'recurrence', recurrence, 'reopen_over', EXTRACT(epoch FROM reopen_over), 'fixed', fixed, 'ended_at', ended_at, 'cancelled_at', cancelled_at, 'row_version', row_version, 'created_at', created_at, 'updated_at', updated_at, 'updates', COALESCE(( SELECT jsonb_agg(jsonb_build_object('id', u.id, 'status', u.status, 'body', u.body, 'created_at', u.created_at) ORDER BY u.created_at DESC, u.id) AS jsonb_agg
           FROM public.updates u
          WHERE (u.window_id = w.id)), '[]'::jsonb)) AS document
   FROM public.windows w;

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.bypass_key
    ADD CONSTRAINT bypass_key_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.bypass_links
    ADD CONSTRAINT bypass_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.component_groups
    ADD CONSTRAINT component_groups_name_key UNIQUE (name);

ALTER TABLE ONLY public.component_groups
    ADD CONSTRAINT component_groups_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_slug_key UNIQUE (slug);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (actor, key);

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (name, subject, due_at);

ALTER TABLE ONLY public.operators
    ADD CONSTRAINT operators_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.replicas
    ADD CONSTRAINT replicas_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (number);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY public.state_version
    ADD CONSTRAINT state_version_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_name_key UNIQUE (name);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.updates
    ADD CONSTRAINT updates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_pkey PRIMARY KEY (window_id, component_id);

ALTER TABLE ONLY public.windows
    ADD CONSTRAINT windows_pkey PRIMARY KEY (id);

CREATE INDEX audit_by_subject ON public.audit USING btree (subject, subject_id, id DESC);

CREATE INDEX bypass_links_by_time ON public.bypass_links USING btree (created_at DESC, id DESC);

CREATE INDEX idempotency_keys_by_time ON public.idempotency_keys USING btree (at);

CREATE INDEX jobs_by_time ON public.jobs USING btree (claimed_at);

CREATE UNIQUE INDEX operators_by_email ON public.operators USING btree (lower(email));

CREATE INDEX replicas_by_host ON public.replicas USING btree (host);

CREATE INDEX sessions_by_operator ON public.sessions USING btree (operator_id);

CREATE INDEX updates_by_window ON public.updates USING btree (window_id, created_at DESC);

CREATE INDEX window_components_by_component ON public.window_components USING btree (component_id);

CREATE INDEX windows_by_end ON public.windows USING btree (ended_at DESC) WHERE (ended_at IS NOT NULL);

CREATE INDEX windows_by_start ON public.windows USING btree (starts_at DESC, id DESC);

CREATE INDEX windows_not_over ON public.windows USING btree (scheduled_until) WHERE ((ended_at IS NULL) AND (cancelled_at IS NULL));

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();

CREATE TRIGGER bypass_key_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.bypass_key FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER bypass_key_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.bypass_key FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER bypass_links_bump AFTER INSERT OR DELETE OR UPDATE OF id, name, expires_at, revoked_at OR TRUNCATE ON public.bypass_links FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER bypass_links_queue BEFORE INSERT OR DELETE OR UPDATE OF id, name, expires_at, revoked_at OR TRUNCATE ON public.bypass_links FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER component_groups_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.component_groups FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER component_groups_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.component_groups FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER components_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.components FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER components_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.components FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER components_row_version BEFORE UPDATE ON public.components FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

CREATE TRIGGER updates_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.updates FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER updates_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.updates FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER window_components_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.window_components FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER window_components_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.window_components FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER windows_bump AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.windows FOR EACH STATEMENT EXECUTE FUNCTION public.bump_state_version();

CREATE TRIGGER windows_fill BEFORE INSERT OR UPDATE ON public.windows FOR EACH ROW EXECUTE FUNCTION public.fill_window();

CREATE TRIGGER windows_queue BEFORE INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.windows FOR EACH STATEMENT EXECUTE FUNCTION public.queue_for_state_version();

CREATE TRIGGER windows_row_version BEFORE UPDATE ON public.windows FOR EACH ROW EXECUTE FUNCTION public.bump_row_version();

ALTER TABLE ONLY public.components
    ADD CONSTRAINT components_group_id_fkey FOREIGN KEY (group_id) REFERENCES public.component_groups(id) ON DELETE SET NULL;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.sign_in_links
    ADD CONSTRAINT sign_in_links_operator_id_fkey FOREIGN KEY (operator_id) REFERENCES public.operators(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.updates
    ADD CONSTRAINT updates_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_component_id_fkey FOREIGN KEY (component_id) REFERENCES public.components(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.window_components
    ADD CONSTRAINT window_components_window_id_fkey FOREIGN KEY (window_id) REFERENCES public.windows(id) ON DELETE CASCADE;
