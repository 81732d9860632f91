/**
 * Manifest documents: what a pushed manifest says, read once and strictly enough that no two clients can read it differently. Pure.
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md, image-index.md and https://distribution.github.io/distribution/spec/manifest-v2-2/
 */
import { type Digest, parseDigest } from '#base/digest.ts';
import type { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { oci } from './faults.ts';
import { ambiguityOf, lookalikeOf } from './json-text.ts';

/** Distribution-spec "Pushing Manifests": at least 4 MiB must be taken. */
export const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;

export interface ManifestDocument {
  readonly mediaType: string;
  /** Config and layers that must be in the repository: all but those that are fetched from elsewhere. */
  readonly blobs: readonly Digest[];
  /** Manifests that an index lists. */
  readonly children: readonly Digest[];
  /** What the manifest refers to; it need not exist. */
  readonly subject: Digest | undefined;
  /** As the referrers list shows it: the manifest's own, else the config's media type. */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const shapes: Readonly<Record<string, 'image' | 'index'>> = {
  'application/vnd.oci.image.manifest.v1+json': 'image',
  'application/vnd.docker.distribution.manifest.v2+json': 'image',
  'application/vnd.oci.image.index.v1+json': 'index',
  'application/vnd.docker.distribution.manifest.list.v2+json': 'index',
};

function invalid(message: string): Fault {
  return oci('MANIFEST_INVALID', { message: `manifest invalid: ${message}` });
}

/**
 * Reads a manifest that was sent with this Content-Type header.
 * A document whose media type differs from the header's, or that has the properties of both shapes, is refused: clients disagree about what it is (CVE-2021-41190).
 * @throws Fault `MANIFEST_INVALID` with every problem's words in one message.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | undefined): ManifestDocument {
  let text: string;
  let document: unknown;
  try {
    // With a byte order mark it is no JSON to most clients (RFC 8259 section 8.1).
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    document = JSON.parse(text);
  } catch {
    throw invalid('the body is not JSON in UTF-8 without a byte order mark');
  }
  if (!isJsonObject(document)) throw invalid('the body is not a JSON object');
  const ambiguity = ambiguityOf(text);
  if (ambiguity !== undefined) throw invalid(`clients would read it differently: ${ambiguity}`);
  refuseLookalikes(document, MEMBERS);
  const stated = document.mediaType;
  if (stated !== undefined && typeof stated !== 'string') throw invalid('mediaType is not a string');
  const header = contentType?.split(';')[0]?.trim().toLowerCase() || undefined;
  const mediaType = header ?? stated;
  if (mediaType === undefined) throw invalid('neither Content-Type nor mediaType says what it is');
  if (stated !== undefined && stated !== mediaType) throw invalid(`mediaType is '${stated.slice(0, 200)}' but Content-Type is '${mediaType.slice(0, 200)}'`);
  const shape = Object.hasOwn(shapes, mediaType) ? shapes[mediaType] : undefined;
  if (!shape) {
    const old = mediaType.startsWith('application/vnd.docker.distribution.manifest.v1');
    throw invalid(
      old
        ? 'schema 1 is no longer taken; push with a newer client'
        : `the media type '${mediaType.slice(0, 200)}' is not one of ${Object.keys(shapes).join(', ')}`,
    );
  }
  if (document.schemaVersion !== 2) throw invalid('schemaVersion is not 2');

  const present = (name: string): boolean => document[name] !== undefined && document[name] !== null;
  const foreign = (shape === 'image' ? ['manifests'] : ['layers', 'config']).filter(present);
  if (foreign.length > 0) throw invalid(`${foreign.join(' and ')} cannot be in an image ${shape === 'image' ? 'manifest' : 'index'}`);
  const annotations = annotationsOf(document);
  const subject = present('subject') ? descriptor(document.subject, 'subject').digest : undefined;
  const ownType = document.artifactType ?? undefined;
  if (ownType !== undefined && typeof ownType !== 'string') throw invalid('artifactType is not a string');

  if (shape === 'index') {
    const children = descriptors(document, 'manifests').map((child) => child.digest);
    return { mediaType, blobs: [], children, subject, artifactType: ownType || undefined, annotations };
  }
  const config = descriptor(document.config, 'config');
  const layers = descriptors(document, 'layers').filter((layer) => !layer.elsewhere);
  const blobs = [config.digest, ...layers.map((layer) => layer.digest)];
  return { mediaType, blobs, children: [], subject, artifactType: ownType || config.mediaType || undefined, annotations };
}

const MEMBERS = ['schemaVersion', 'mediaType', 'artifactType', 'config', 'layers', 'manifests', 'subject', 'annotations'] as const;
const DESCRIPTOR_MEMBERS = ['mediaType', 'digest', 'size', 'urls', 'annotations', 'data', 'artifactType', 'platform'] as const;

function refuseLookalikes(object: JsonObject, names: readonly string[], path = ''): void {
  const lookalike = lookalikeOf(object, names);
  if (lookalike !== undefined) throw invalid(`clients would read it differently: ${path}${lookalike} is a known member but for the case of its letters`);
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Its bytes are fetched by URL and pushed to no registry (image-spec layer.md#non-distributable-layers). */
  readonly elsewhere: boolean;
}

function descriptor(value: unknown, path: string): Descriptor {
  if (!isJsonObject(value)) throw invalid(`${path} is not a descriptor`);
  refuseLookalikes(value, DESCRIPTOR_MEMBERS, `${path}.`);
  const { mediaType, digest, size, urls } = value;
  const parsed = typeof digest === 'string' ? parseDigest(digest) : undefined;
  if (!parsed) throw invalid(`${path}.digest is not a sha256 or sha512 digest`);
  if (typeof mediaType !== 'string') throw invalid(`${path}.mediaType is not a string`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid(`${path}.size is not a number of bytes`);
  const elsewhere = (Array.isArray(urls) && urls.length > 0) || mediaType.includes('.nondistributable.') || mediaType.includes('.rootfs.foreign.');
  return { mediaType, digest: parsed, elsewhere };
}

/** A list that Go clients write as null when it is empty. */
function descriptors(document: JsonObject, name: string): Descriptor[] {
  const list = document[name] ?? [];
  if (!Array.isArray(list)) throw invalid(`${name} is not a list`);
  return list.map((item, index) => descriptor(item, `${name}[${index}]`));
}

function annotationsOf(document: JsonObject): Record<string, string> | undefined {
  const annotations = document.annotations ?? undefined;
  if (annotations === undefined) return undefined;
  if (!isJsonObject(annotations) || !Object.values(annotations).every((value) => typeof value === 'string'))
    throw invalid('annotations is not a map of strings to strings');
  return annotations as Record<string, string>;
}
