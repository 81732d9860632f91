/** An image for tests, the same each time: four layers, one of them over 20 MB, as an OCI image layout (image-spec image-layout.md) that skopeo reads. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { tarOf } from '../src/base/tar.ts';
import { seeded } from './random.ts';

const MIB = 1024 * 1024;
const LAYER_BYTES = [MIB / 4, MIB, 3 * MIB, 24 * MIB];
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

export interface TestImage {
  /** Of the manifest. */
  readonly digest: string;
  /** Digest of the layer over 20 MB. */
  readonly largestLayer: string;
  /** Digest of another one. */
  readonly smallestLayer: string;
}

/** Writes the layout into the folder, under the tag `v1`. */
export function writeImageLayout(folder: string): TestImage {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const write = (bytes: Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const random = seeded(20_260_101);
  const tars = LAYER_BYTES.map((size, index) => tarOf(`layer-${index}.bin`, random.bytes(size)));
  // Gzip without compression: skopeo would compress plain tars on their way, and the digests would be others.
  const layers = tars.map((tar) => write(gzipSync(tar, { level: constants.Z_NO_COMPRESSION }), 'application/vnd.oci.image.layer.v1.tar+gzip'));
  const config = write(
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: {},
        rootfs: { type: 'layers', diff_ids: tars.map((tar) => `sha256:${createHash('sha256').update(tar).digest('hex')}`) },
      }),
    ),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = write(Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST, config, layers })), MANIFEST);
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  writeFileSync(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'v1' } }] }),
  );
  return { digest: manifest.digest, largestLayer: layers.at(-1)?.digest as string, smallestLayer: layers[0]?.digest as string };
}
