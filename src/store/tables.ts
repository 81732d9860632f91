/** The rows of the database, column by column; `migrations.ts` makes the tables. Times are ISO 8601 text. */
import type { Generated } from 'kysely';

export interface Tables {
  settings: { name: string; value: string };
  resources: {
    key: string;
    id: string;
    /** Canonical casing, e.g. `Microsoft.Network/virtualNetworks`. */
    type: string;
    name: string;
    parent: string | null;
    owner: string | null;
    /** JSON of the envelope and properties. */
    body: string;
    /** JSON that no GET shows. */
    hidden: string;
    etag: string;
    revision: number;
  };
  resource_references: { source: string; target: string };
  operations: { id: string; resource: string; started_at: string; ended_at: string | null; status: string; error: string | null };
  applications: {
    app_id: string;
    /** Object id of the application. */
    application_id: string;
    /** Object id of its service principal. */
    object_id: string | null;
    display_name: string;
    created_at: string;
    tenant: string;
  };
  application_secrets: { key_id: string; app_id: string; salt: string; hash: string; display_name: string; starts_at: string; expires_at: string };
  application_keys: { key_id: string; app_id: string; thumbprint: string; pem: string; display_name: string; starts_at: string; expires_at: string };
  federated_credentials: {
    id: string;
    app_id: string;
    name: string;
    issuer: string;
    subject: string;
    /** JSON list of texts. */
    audiences: string;
    description: string | null;
    /** JSON Web Key Set or null. */
    jwks: string | null;
  };
  tenants: { id: string; display_name: string; domain: string; created_at: string };
  users: {
    object_id: string;
    tenant: string;
    upn: string;
    display_name: string;
    /** 1 or 0. */
    enabled: number;
    salt: string;
    hash: string;
    created_at: string;
  };
  directory_groups: { object_id: string; tenant: string; display_name: string; mail_nickname: string; description: string | null; created_at: string };
  memberships: { group_id: string; member_id: string };
  sign_in_revocations: { object_id: string; at_ms: number };
  activity_events: {
    sequence: Generated<number>;
    /** Ids, callers and the names of groups are lower case. The place: a subscription, or a tenant. */
    subscription: string;
    at: string;
    /** 1 or 0. */
    refused: number;
    resource: string;
    resource_group: string;
    caller: string;
    correlation_id: string;
    /** JSON. */
    event: string;
  };
  blobs: { registry: string; repository: string; digest: string; size: number; created_at: string };
  manifests: {
    registry: string;
    repository: string;
    digest: string;
    media_type: string;
    size: number;
    subject: string | null;
    artifact_type: string | null;
    /** JSON object or null. */
    annotations: string | null;
    created_at: string;
  };
  tags: { registry: string; repository: string; name: string; digest: string; created_at: string; updated_at: string };
  /** `item`: a tag, a digest, or '' for the repository itself. The rest 1 or 0. */
  attributes: {
    registry: string;
    repository: string;
    item: string;
    delete_enabled: number;
    write_enabled: number;
    list_enabled: number;
    read_enabled: number;
  };
  registry_sizes: { registry: string; bytes: number };
  uploads: { id: string; registry: string; repository: string; principal: string; started_at: string };
}
