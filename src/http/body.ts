/** Request bodies that fit in memory: bytes, JSON and forms, each read under a limit. */
import { Fault } from '#base/fault.ts';
import type { Request } from './message.ts';

/** What a body reader needs of a request; a test gives the two. */
export type BodyCarrier = Pick<Request, 'headers' | 'body'>;

/** JSON bodies of the control plane: ARM's own limit is 4 MiB. */
export const JSON_LIMIT_BYTES = 4 * 1024 * 1024;
/** How deep a body may nest: far more than any resource does, far less than what overruns a stack. */
const MAX_DEPTH = 64;
/** Token requests: assertions and several tokens fit, nothing else should. */
export const FORM_LIMIT_BYTES = 256 * 1024;

function tooLarge(limitBytes: number): Fault {
  return new Fault('tooLarge', 'RequestContentTooLarge', `The request body is larger than the ${limitBytes} bytes that are allowed here.`);
}

/**
 * The whole body. A declared length over the limit is refused before a byte is read, an undeclared one as soon as it passes the limit.
 * @throws Fault `RequestContentTooLarge` (tooLarge), `RequestBodyIncomplete` (invalid) when the client went away or sent fewer bytes than declared.
 */
export async function readBody(request: BodyCarrier, options: { limitBytes: number }): Promise<Buffer> {
  const { limitBytes } = options;
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limitBytes) throw tooLarge(limitBytes);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Left open on an early exit: the server decides whether to drain or to close a connection whose body nobody wants.
    for await (const chunk of request.body.iterator({ destroyOnReturn: false })) {
      length += (chunk as Buffer).length;
      if (length > limitBytes) throw tooLarge(limitBytes);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('invalid', 'RequestBodyIncomplete', 'The connection ended before the whole request body had arrived.', { cause: error });
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length);
}

function invalidContent(why: string): Fault {
  return new Fault('invalid', 'InvalidRequestContent', `The request content was invalid and could not be deserialized: '${why}'.`);
}

/**
 * The body as JSON; undefined when it is empty. A byte order mark is taken, bad UTF-8 is not, nor what nests so deep that whoever walks it would run out of stack.
 * @throws Fault `InvalidRequestContent` (invalid) and what `readBody` throws.
 */
export async function readJson(request: BodyCarrier, limitBytes = JSON_LIMIT_BYTES): Promise<unknown> {
  const bytes = await readBody(request, { limitBytes });
  if (bytes.length === 0) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalidContent(error instanceof SyntaxError ? error.message : 'the body is not UTF-8');
  }
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw invalidContent(`it nests deeper than ${MAX_DEPTH} levels`);
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return value;
}

/**
 * The body as `application/x-www-form-urlencoded`.
 * @throws Fault `UnsupportedMediaType` when it says to be something else, and what `readBody` throws.
 */
export async function readForm(request: BodyCarrier, limitBytes = FORM_LIMIT_BYTES): Promise<URLSearchParams> {
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (mediaType !== '' && mediaType !== 'application/x-www-form-urlencoded')
    throw new Fault('unsupportedMedia', 'UnsupportedMediaType', `The body must be application/x-www-form-urlencoded, not '${mediaType.slice(0, 100)}'.`);
  return new URLSearchParams((await readBody(request, { limitBytes })).toString('utf8'));
}
