/** The rows of the database, column by column; `migrations.ts` makes the tables. Times are ISO 8601 text. */
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
  };
  application_secrets: { key_id: string; app_id: string; salt: string; hash: string; display_name: string; starts_at: string; expires_at: string };
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
  uploads: { id: string; registry: string; repository: string; principal: string; started_at: string };
}
