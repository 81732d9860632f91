/** Envelopes: a resource as ARM shows it. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '#base/json.ts';
import { withoutValue } from './draft.ts';
import type { Engine } from './engine.ts';
import type { Resource, ResourceLookup, ResourceType } from './resource-type.ts';

/** The etag as ARM writes it into bodies and headers. */
export function shownEtag(etag: string): string {
  return `W/"${etag}"`;
}

/**
 * The entity tag of what a GET shows. Properties that other resources or the running operation decide move without the record (a connection's state at its endpoint),
 * so they count too; a record that is shown as it is stored has its own tag. As a condition of a write either is good: see `recordTags`.
 */
export function representationTag(engine: Engine, resource: Resource, envelope: JsonObject): string {
  const { present, embeds } = engine.types.find(resource.type) ?? {};
  const own = present === undefined && embeds === undefined && isSettled(envelope);
  return own ? resource.etag : `${resource.etag}.${createHash('sha256').update(JSON.stringify(envelope.properties)).digest('hex').slice(0, 16)}`;
}

function isSettled({ properties }: JsonObject): boolean {
  return (properties as JsonObject).provisioningState === 'Succeeded';
}

/** A condition header with the tags of the records that its tags were made from: writes are guarded against other writes of the record alone. */
export function recordTags(header: string): string {
  return header.replace(/\.[0-9a-f]{16}(?="|\s*(?:,|$))/g, '');
}

/** `{id, name, type, location, tags, sku, identity, etag, systemData, properties: {…, provisioningState}}`, without what the type does not have. */
export async function envelopeOf(engine: Engine, resource: Resource, reader: ResourceLookup): Promise<JsonObject> {
  const type = engine.types.find(resource.type);
  const { location, tags, sku, identity, kind, properties, systemData } = resource.body;
  let shown = type?.present ? await type.present(resource, { snapshot: engine.snapshot(), reader, domain: engine.domain }) : properties;
  for (const path of type?.secret ?? []) shown = withoutValue(shown, path.split('.'));
  if (type?.embeds) shown = { ...shown, ...(await embedded(engine, type.embeds, resource, reader)) };
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

/** The children that bodies of the type carry inline, as they show themselves. */
async function embedded(engine: Engine, embeds: NonNullable<ResourceType['embeds']>, resource: Resource, reader: ResourceLookup): Promise<JsonObject> {
  const children = await reader.children(resource.key);
  const shown: JsonObject = {};
  for (const [property, name] of Object.entries(embeds)) {
    const list: JsonObject[] = [];
    for (const child of children) {
      if (child.type.toLowerCase() !== name.toLowerCase()) continue;
      const { systemData: _systemData, ...envelope } = await envelopeOf(engine, child, reader);
      list.push(envelope);
    }
    shown[property] = list;
  }
  return shown;
}

/** A `Warning` header (RFC 7234 section 5.5: 299, kept after RFC 9111 dropped it) for each setting that is stored and does not act yet. */
export function warningsOf(engine: Engine, resource: Resource): Record<string, string[]> {
  const settings = engine.types.find(resource.type)?.unenforced?.(resource) ?? [];
  if (settings.length === 0) return {};
  // A setting's name alone says nothing to whom the header reaches; `postern status` has a heading over its list.
  const told = settings.map((text) => (text.includes(':') ? text : `${text}: stored, not enforced`));
  return { warning: told.map((text) => `299 postern "${text.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`) };
}
