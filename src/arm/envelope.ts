/** Envelopes: a resource as ARM shows it. */
import type { JsonObject } from '#base/json.ts';
import { withoutValue } from './draft.ts';
import type { Engine } from './engine.ts';
import type { Resource, ResourceLookup } from './resource-type.ts';

/** The etag as ARM writes it into bodies and headers. */
export function shownEtag(etag: string): string {
  return `W/"${etag}"`;
}

/** `{id, name, type, location, tags, sku, identity, etag, systemData, properties: {…, provisioningState}}`, without what the type does not have. */
export async function envelopeOf(engine: Engine, resource: Resource, reader: ResourceLookup): Promise<JsonObject> {
  const type = engine.types.find(resource.type);
  const { location, tags, sku, identity, kind, properties, systemData } = resource.body;
  let shown = type?.present ? await type.present(resource, { snapshot: engine.snapshot(), reader, domain: engine.domain }) : properties;
  for (const path of type?.secret ?? []) shown = withoutValue(shown, path.split('.'));
  return {
    id: resource.id,
    name: resource.name,
    type: resource.type,
    ...(location === undefined ? {} : { location }),
    ...(tags === undefined ? {} : { tags: { ...tags } }),
    ...(sku === undefined ? {} : { sku }),
    ...(kind === undefined ? {} : { kind }),
    ...(identity === undefined ? {} : { identity }),
    etag: shownEtag(resource.etag),
    ...(systemData === undefined ? {} : { systemData }),
    properties: { ...shown, provisioningState: engine.operations.provisioningState(resource.key) },
  };
}

/** A `Warning` header (RFC 7234 section 5.5: 299, kept after RFC 9111 dropped it) for each setting that is stored and does not act yet. */
export function warningsOf(engine: Engine, resource: Resource): Record<string, string[]> {
  const settings = engine.types.find(resource.type)?.unenforced?.(resource) ?? [];
  if (settings.length === 0) return {};
  return { warning: settings.map((text) => `299 postern "${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`) };
}
