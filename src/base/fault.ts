/** Faults: the one error vocabulary of the house. Planes catch a Fault once and render it in their own envelope. */

/** The closed set of what can be wrong. A kind decides the HTTP status; the code and message are the standard's. */
export type FaultKind = keyof typeof STATUS;

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  notFound: 404,
  methodNotAllowed: 405,
  notAcceptable: 406,
  timeout: 408,
  conflict: 409,
  gone: 410,
  precondition: 412,
  tooLarge: 413,
  uriTooLong: 414,
  unsupportedMedia: 415,
  range: 416,
  misdirected: 421,
  throttled: 429,
  headersTooLarge: 431,
  internal: 500,
  notImplemented: 501,
  unavailable: 503,
  insufficientStorage: 507,
} as const;

export interface FaultOptions {
  /** The property path the fault is about, as ARM writes it: `properties.addressSpace.addressPrefixes[0]`. */
  target?: string;
  /** The single problems behind this fault, when there are several. */
  details?: readonly Fault[];
  cause?: unknown;
  /** Extra, code-specific data: OCI `detail`, rendered as given. */
  detail?: unknown;
  /** Extra response headers, e.g. `WWW-Authenticate`. */
  headers?: Readonly<Record<string, string>>;
}

/** Something that a caller asked for and cannot have, with all that the caller needs to know to go on. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly kind: FaultKind;
  /** Machine-readable code in the words of the protocol that will render it: `SubnetIsFull`, `BLOB_UNKNOWN`. */
  readonly code: string;
  readonly target: string | undefined;
  readonly details: readonly Fault[];
  readonly detail: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: FaultKind, code: string, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.target = options.target;
    this.details = options.details ?? [];
    this.detail = options.detail;
    this.headers = options.headers ?? {};
  }

  /** The HTTP status of this fault's kind. */
  get status(): number {
    return STATUS[this.kind];
  }
}

/** Whatever was thrown, as a Fault: a Fault stays itself, anything else becomes `internal` with its text kept as the cause, not shown. */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault('internal', 'InternalServerError', 'The server met an unexpected condition; its log has the cause under this request id.', {
    cause: thrown,
  });
}
