import type { BlobBytes } from './blob-store.ts';
import { blobStoreConformance } from './conformance.ts';
import { MemoryBlobStore } from './memory.ts';

blobStoreConformance('MemoryBlobStore', async () => ({
  store: new MemoryBlobStore(),
  sent: async (body: BlobBytes) => (body as Extract<BlobBytes, { kind: 'bytes' }>).bytes,
  close: async () => {},
}));
