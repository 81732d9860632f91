/** Microsoft.Network/privateDnsZones/TXT: texts of a name, each a sequence of strings. */
import { z } from '#base/schema.ts';
import { recordSets } from './record-set.ts';

/** RFC 1035 section 3.3: a character string has at most 255 octets; docs/sources.md#record-set-rules for the whole. */
const MAX_STRING = 255;
const MAX_TEXT = 1024;

const octets = (text: string): number => Buffer.byteLength(text);

export const txtRecordSets = recordSets({
  kind: 'TXT',
  property: 'txtRecords',
  item: z.object({
    value: z
      .array(z.string().refine((text) => octets(text) <= MAX_STRING, { error: `a string of a TXT record has at most ${MAX_STRING} octets` }))
      .min(1)
      .refine((strings) => strings.reduce((sum, text) => sum + octets(text), 0) <= MAX_TEXT, { error: `a TXT record has at most ${MAX_TEXT} octets` }),
  }),
  data: ({ value }) => value,
  text: ({ value }) => JSON.stringify(value),
});
