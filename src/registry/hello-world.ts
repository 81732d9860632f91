/**
 * The image `hello-world`, assembled on the spot: one program without libraries for each processor, in docker's media types, which every client takes.
 * The same bytes, and so the same digests, at every start. Pure.
 * https://distribution.github.io/distribution/spec/manifest-v2-2/; programs by the ELF-64 object file format and the system calls of Linux.
 */
import { constants, gzipSync } from 'node:zlib';
import { type Digest, digestOf } from '#base/digest.ts';
import { tarOf } from '#base/tar.ts';

export interface Content {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly bytes: Buffer;
}

/** One platform's image: what its manifest names, and the manifest. */
export interface PlatformImage {
  readonly architecture: string;
  readonly config: Content;
  readonly layer: Content;
  readonly manifest: Content;
}

export interface HelloWorld {
  readonly images: readonly PlatformImage[];
  /** The manifest list. */
  readonly list: Content;
}

const MESSAGE = Buffer.from(`
Hello from Postern!
This message shows that a container engine pulled this image and ran it here:
  1. The engine found the registry by name and asked it for the image.
  2. The registry gave it the manifest for this processor, and then the layer.
  3. The engine made a container of the layer and started the program in it.
  4. The program wrote these lines and ended.
`);

const LOAD_ADDRESS = 0x400000;
const HEADERS_BYTES = 64 + 56;

/** What differs between processors: the machine number of ELF, the size of a page, and the code, whose message follows it. */
interface Processor {
  readonly architecture: string;
  readonly machine: number;
  readonly pageBytes: number;
  code(messageBytes: number): Buffer;
}

/** write(1, message, length), exit(0): system calls 1 and 60. */
const amd64: Processor = {
  architecture: 'amd64',
  machine: 62,
  pageBytes: 0x1000,
  code(messageBytes) {
    const code = Buffer.from([
      ...[0xb8, 1, 0, 0, 0], // mov eax, 1
      ...[0xbf, 1, 0, 0, 0], // mov edi, 1
      ...[0x48, 0x8d, 0x35, 0, 0, 0, 0], // lea rsi, [rip + what follows up to the message]
      ...[0xba, 0, 0, 0, 0], // mov edx, length
      ...[0x0f, 0x05], // syscall
      ...[0xb8, 60, 0, 0, 0], // mov eax, 60
      ...[0x31, 0xff], // xor edi, edi
      ...[0x0f, 0x05], // syscall
    ]);
    code.writeInt32LE(code.length - 17, 13);
    code.writeInt32LE(messageBytes, 18);
    return code;
  },
};

/** The same with system calls 64 and 93. Registers are loaded by `movz`, whose 16-bit operand stands at bit 5. */
const arm64: Processor = {
  architecture: 'arm64',
  machine: 183,
  pageBytes: 0x10000,
  code(messageBytes) {
    const movz = (register: number, value: number): number => (0xd2800000 | (value << 5) | register) >>> 0;
    const SVC = 0xd4000001;
    const words = (messageAt: number): number[] => [
      movz(8, 64),
      movz(0, 1),
      (0x10000001 | ((messageAt / 4) << 5)) >>> 0, // adr x1, message, counted from this instruction
      movz(2, messageBytes),
      SVC,
      movz(8, 93),
      movz(0, 0),
      SVC,
    ];
    const count = words(0).length;
    const code = Buffer.alloc(count * 4);
    for (const [index, word] of words((count - 2) * 4).entries()) code.writeUInt32LE(word, index * 4);
    return code;
  },
};

/** A program of one segment that is read and executed: file header, program header, code, message. */
export function programFor(processor: Processor): Buffer {
  const body = Buffer.concat([processor.code(MESSAGE.length), MESSAGE]);
  const headers = Buffer.alloc(HEADERS_BYTES);
  const size = HEADERS_BYTES + body.length;
  // 64 bits, little-endian, version 1, System V.
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], 0);
  headers.writeUInt16LE(2, 16); // e_type: executable
  headers.writeUInt16LE(processor.machine, 18);
  headers.writeUInt32LE(1, 20); // e_version
  headers.writeBigUInt64LE(BigInt(LOAD_ADDRESS + HEADERS_BYTES), 24); // e_entry
  headers.writeBigUInt64LE(64n, 32); // e_phoff
  headers.writeUInt16LE(64, 52); // e_ehsize
  headers.writeUInt16LE(56, 54); // e_phentsize
  headers.writeUInt16LE(1, 56); // e_phnum
  headers.writeUInt16LE(64, 58); // e_shentsize
  headers.writeUInt32LE(1, 64); // p_type: load
  headers.writeUInt32LE(5, 68); // p_flags: read and execute
  headers.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 80); // p_vaddr
  headers.writeBigUInt64LE(BigInt(LOAD_ADDRESS), 88); // p_paddr
  headers.writeBigUInt64LE(BigInt(size), 96); // p_filesz
  headers.writeBigUInt64LE(BigInt(size), 104); // p_memsz
  headers.writeBigUInt64LE(BigInt(processor.pageBytes), 112); // p_align
  return Buffer.concat([headers, body]);
}

/** Those of this image, by the names that images call them. */
export const processors: readonly Processor[] = [amd64, arm64];

const DOCKER = 'application/vnd.docker';

function content(mediaType: string, bytes: Buffer): Content {
  return { mediaType, digest: digestOf(bytes), bytes };
}

const json = (mediaType: string, value: object): Content => content(mediaType, Buffer.from(JSON.stringify(value)));
const descriptor = ({ mediaType, digest, bytes }: Content): object => ({ mediaType, size: bytes.length, digest });

function imageFor(processor: Processor): PlatformImage {
  const { architecture } = processor;
  const tar = tarOf('hello', programFor(processor), 0o755);
  // Stored, not deflated: no version of zlib gives other bytes.
  const layer = content(`${DOCKER}.image.rootfs.diff.tar.gzip`, gzipSync(tar, { level: constants.Z_NO_COMPRESSION }));
  const created = '1970-01-01T00:00:00Z';
  const config = json(`${DOCKER}.container.image.v1+json`, {
    architecture,
    config: { Cmd: ['/hello'], Env: ['PATH=/'] },
    created,
    history: [{ created, created_by: 'postern: hello' }],
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
  });
  const mediaType = `${DOCKER}.distribution.manifest.v2+json`;
  const manifest = json(mediaType, { schemaVersion: 2, mediaType, config: descriptor(config), layers: [descriptor(layer)] });
  return { architecture, config, layer, manifest };
}

/** The image for every processor, and the list that names them all. */
export function helloWorld(): HelloWorld {
  const images = processors.map(imageFor);
  const mediaType = `${DOCKER}.distribution.manifest.list.v2+json`;
  const manifests = images.map(({ architecture, manifest }) => ({ ...descriptor(manifest), platform: { architecture, os: 'linux' } }));
  return { images, list: json(mediaType, { schemaVersion: 2, mediaType, manifests }) };
}
