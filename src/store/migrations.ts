/** The schema, as the steps that led to it. A step is never edited once released: add one. `user_version` counts the steps taken. */
export const migrations: readonly string[] = [
  `
  create table settings (name text primary key, value text not null) strict, without rowid;
  insert into settings values ('revision', '0');

  create table resources (
    key text primary key,
    id text not null,
    type text not null,
    name text not null,
    parent text,
    owner text,
    body text not null,
    hidden text not null,
    etag text not null,
    revision integer not null
  ) strict, without rowid;
  create index resources_type on resources (type, key);
  create index resources_parent on resources (parent);
  create index resources_owner on resources (owner) where owner is not null;

  create table resource_references (source text not null, target text not null, primary key (target, source)) strict, without rowid;
  create index resource_references_source on resource_references (source);

  create table operations (
    id text primary key,
    resource text not null,
    started_at text not null,
    ended_at text,
    status text not null,
    error text
  ) strict, without rowid;

  create table principals (
    object_id text primary key,
    app_id text not null unique,
    kind text not null,
    display_name text not null,
    created_at text not null
  ) strict, without rowid;
  create table principal_secrets (
    key_id text primary key,
    object_id text not null references principals on delete cascade,
    salt text not null,
    hash text not null,
    display_name text not null,
    expires_at text not null
  ) strict, without rowid;
  create index principal_secrets_object on principal_secrets (object_id);

  create table blobs (
    registry text not null,
    repository text not null,
    digest text not null,
    size integer not null,
    created_at text not null,
    primary key (registry, repository, digest)
  ) strict, without rowid;
  create index blobs_digest on blobs (digest);

  create table manifests (
    registry text not null,
    repository text not null,
    digest text not null,
    media_type text not null,
    size integer not null,
    subject text,
    artifact_type text,
    annotations text,
    created_at text not null,
    primary key (registry, repository, digest)
  ) strict, without rowid;
  create index manifests_subject on manifests (registry, repository, subject) where subject is not null;

  create table tags (
    registry text not null,
    repository text not null,
    name text not null,
    digest text not null,
    created_at text not null,
    updated_at text not null,
    primary key (registry, repository, name)
  ) strict, without rowid;
  create index tags_digest on tags (registry, repository, digest);

  create table uploads (
    id text primary key,
    registry text not null,
    repository text not null,
    principal text not null,
    started_at text not null
  ) strict, without rowid;
  `,
  // An application may be without a service principal and then have another: secrets are the application's, and it has an object id of its own.
  `
  create table applications (
    app_id text primary key,
    application_id text not null unique,
    object_id text unique,
    display_name text not null,
    created_at text not null
  ) strict, without rowid;
  insert into applications
    select app_id, lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)), substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6)))),
      object_id, display_name, created_at
    from principals;
  create table application_secrets (
    key_id text primary key,
    app_id text not null references applications on delete cascade,
    salt text not null,
    hash text not null,
    display_name text not null,
    starts_at text not null,
    expires_at text not null
  ) strict, without rowid;
  insert into application_secrets
    select key_id, app_id, salt, hash, principal_secrets.display_name, created_at, expires_at from principal_secrets join principals using (object_id);
  create index application_secrets_app on application_secrets (app_id);
  drop table principal_secrets;
  drop table principals;
  `,
  // Several tenants, with users and groups; applications prove themselves also by certificates and by tokens of others. What was there is of the first tenant.
  `
  create table tenants (id text primary key, display_name text not null, domain text not null unique collate nocase, created_at text not null) strict, without rowid;
  insert into tenants select value, 'Postern', 'postern.onmicrosoft.com', strftime('%Y-%m-%dT%H:%M:%fZ', 'now') from settings where name = 'tenantId';
  alter table applications add column tenant text not null default '';
  update applications set tenant = coalesce((select value from settings where name = 'tenantId'), '');
  create index applications_tenant on applications (tenant);

  create table users (
    object_id text primary key,
    tenant text not null,
    upn text not null unique collate nocase,
    display_name text not null,
    enabled integer not null,
    salt text not null,
    hash text not null,
    created_at text not null
  ) strict, without rowid;
  create index users_tenant on users (tenant);
  create table directory_groups (
    object_id text primary key,
    tenant text not null,
    display_name text not null,
    mail_nickname text not null,
    description text,
    created_at text not null
  ) strict, without rowid;
  create index directory_groups_tenant on directory_groups (tenant);
  create table memberships (
    group_id text not null references directory_groups on delete cascade,
    member_id text not null,
    primary key (group_id, member_id)
  ) strict, without rowid;
  create index memberships_member on memberships (member_id);

  create table application_keys (
    key_id text primary key,
    app_id text not null references applications on delete cascade,
    thumbprint text not null,
    pem text not null,
    display_name text not null,
    starts_at text not null,
    expires_at text not null
  ) strict, without rowid;
  create index application_keys_app on application_keys (app_id);
  create table federated_credentials (
    id text primary key,
    app_id text not null references applications on delete cascade,
    name text not null,
    issuer text not null,
    subject text not null,
    audiences text not null,
    description text,
    jwks text,
    unique (app_id, name)
  ) strict, without rowid;

  create table activity_events (
    sequence integer primary key autoincrement,
    subscription text not null,
    at text not null,
    refused integer not null,
    resource text not null,
    resource_group text not null,
    caller text not null,
    correlation_id text not null,
    event text not null
  ) strict;
  create index activity_events_time on activity_events (subscription, at, sequence);
  create index activity_events_kind on activity_events (refused, sequence);
  `,
  // What may not be done to a repository (item ''), a tag or a manifest (its digest); and how many bytes a registry holds, each digest of it counted once.
  `
  create table attributes (
    registry text not null,
    repository text not null,
    item text not null,
    delete_enabled integer not null,
    write_enabled integer not null,
    list_enabled integer not null,
    read_enabled integer not null,
    primary key (registry, repository, item)
  ) strict, without rowid;
  create trigger tags_deleted after delete on tags begin
    delete from attributes where registry = old.registry and repository = old.repository and item = old.name;
  end;
  create index manifests_digest on manifests (digest);
  create trigger manifests_deleted after delete on manifests begin
    delete from attributes where registry = old.registry and repository = old.repository and item = old.digest;
    delete from attributes where registry = old.registry and repository = old.repository and item = ''
      and not exists (select 1 from manifests where registry = old.registry and repository = old.repository);
  end;

  create table registry_sizes (registry text primary key, bytes integer not null) strict, without rowid;
  insert into registry_sizes
    select registry, sum(size) from (
      select registry, max(size) as size from blobs group by registry, digest union all select registry, max(size) from manifests group by registry, digest
    ) group by registry;
  create trigger blobs_first after insert on blobs
    when not exists (select 1 from blobs where digest = new.digest and registry = new.registry and repository <> new.repository)
  begin
    insert into registry_sizes values (new.registry, new.size) on conflict (registry) do update set bytes = bytes + excluded.bytes;
  end;
  create trigger blobs_last after delete on blobs when not exists (select 1 from blobs where digest = old.digest and registry = old.registry) begin
    update registry_sizes set bytes = bytes - old.size where registry = old.registry;
  end;
  create trigger manifests_first after insert on manifests
    when not exists (select 1 from manifests where digest = new.digest and registry = new.registry and repository <> new.repository)
  begin
    insert into registry_sizes values (new.registry, new.size) on conflict (registry) do update set bytes = bytes + excluded.bytes;
  end;
  create trigger manifests_last after delete on manifests when not exists (select 1 from manifests where digest = old.digest and registry = old.registry) begin
    update registry_sizes set bytes = bytes - old.size where registry = old.registry;
  end;
  `,
  // Refresh tokens are not stored; that they were revoked is.
  `
  create table sign_in_revocations (object_id text primary key, at_ms integer not null) strict, without rowid;
  `,
  // What lies in no subscription, and each subscription, says whose it is. What is built in is nobody's: it is written anew at each start.
  `
  update resources set hidden = json_set(hidden, '$.tenantId', (select value from settings where name = 'tenantId'))
    where (type = 'Microsoft.Resources/subscriptions' or key not like '/subscriptions/%')
      and coalesce(json_extract(body, '$.properties.type'), '') <> 'BuiltInRole'
      and exists (select 1 from settings where name = 'tenantId');
  `,
  // Events are listed by place in their order, and old ones go place by place: no subscription's log is to suffer from another's.
  `
  drop index activity_events_time;
  drop index activity_events_kind;
  create index activity_events_order on activity_events (subscription, sequence);
  create index activity_events_age on activity_events (subscription, refused, at);
  `,
];
