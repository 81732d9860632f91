/** An image assembled on the spot: four layers of one file each, the same bytes every time. */
import { createCipheriv, createHash } from 'node:crypto';
import { tarOf } from '#base/tar.ts';

export interface Part {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Buffer;
}

export interface Image {
  readonly layers: readonly Part[];
  readonly config: Part;
  readonly manifest: Part;
}

const MIB = 1024 * 1024;
/** File name and size of each layer's one file; the last is the one a transfer is cut in. */
const FILES: readonly (readonly [string, number])[] = [
  ['etc/motd', 64],
  ['app/start', 64 * 1024],
  ['app/program', 2 * MIB],
  ['app/data', 32 * MIB],
];

function part(mediaType: string, bytes: Buffer): Part {
  return { mediaType, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}

/** Bytes that no compression shrinks, from a name: AES-CTR over zeros. */
function noise(name: string, size: number): Buffer {
  const key = createHash('sha256').update(name).digest().subarray(0, 16);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** The image (image-spec manifest.md, config.md); layers are plain tars, so each digest is its diff id too. */
export function assemble(): Image {
  const layers = FILES.map(([name, size]) => part('application/vnd.oci.image.layer.v1.tar', tarOf(name, noise(name, size))));
  const config = part(
    'application/vnd.oci.image.config.v1+json',
    Buffer.from(
      JSON.stringify({
        architecture: 'amd64',
        os: 'linux',
        config: { Cmd: ['/app/start'] },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.digest) },
        history: FILES.map(([name]) => ({ created_by: `postern quickstart: ${name}` })),
      }),
    ),
  );
  const descriptor = ({ mediaType, digest, bytes }: Part): object => ({ mediaType, digest, size: bytes.length });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = part(mediaType, Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor(config), layers: layers.map(descriptor) })));
  return { layers, config, manifest };
}
