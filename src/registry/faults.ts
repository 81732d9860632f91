/** OCI faults: the codes that clients match on with their wording, and the one place that renders a Fault as `{"errors":[...]}`. */
import { asFault, Fault, type FaultKind, type FaultOptions } from '#base/fault.ts';
import type { Reply } from '#http/message.ts';

/**
 * Codes of distribution-spec "Error Codes" and, for those it lacks, of distribution's registry API or of Azure Container Registry.
 * Messages that clients or people search for are as ACR writes them.
 */
const catalogue = {
  BLOB_UNKNOWN: ['notFound', 'blob unknown to registry'],
  BLOB_UPLOAD_INVALID: ['invalid', 'blob upload invalid'],
  BLOB_UPLOAD_UNKNOWN: ['notFound', 'blob upload unknown to registry'],
  DENIED: ['forbidden', 'requested access to the resource is denied'],
  DIGEST_INVALID: ['invalid', 'invalid digest: sha256:<64 hex> or sha512:<128 hex> in lower case was expected'],
  MANIFEST_BLOB_UNKNOWN: ['invalid', 'manifest references a manifest or blob unknown to this repository'],
  MANIFEST_INVALID: ['invalid', 'manifest invalid'],
  MANIFEST_UNKNOWN: ['notFound', 'manifest unknown to registry'],
  MISDIRECTED: ['misdirected', 'this address does not serve the host that was asked for'],
  NAME_INVALID: ['invalid', 'invalid repository name'],
  NAME_UNKNOWN: ['notFound', 'repository name not known to registry'],
  PAGINATION_NUMBER_INVALID: ['invalid', 'invalid number of results requested: n must be a whole number, 0 or more'],
  RANGE_INVALID: ['range', 'invalid content range'],
  REGISTRY_DISALLOWED_OPERATION: [
    'methodNotAllowed',
    'The operation is disallowed on this registry, repository or image. View troubleshooting steps at https://aka.ms/acr/faq/#why-does-my-pull-or-push-request-fail-with-disallowed-operation',
  ],
  SIZE_INVALID: ['invalid', 'provided length did not match content length'],
  TAG_INVALID: ['invalid', 'invalid tag: 1 to 128 of letters, digits, and _ . - not at the start'],
  TOOMANYREQUESTS: ['throttled', 'Too many requests. Please visit https://aka.ms/acr/skus#sku-feature-matrix for the limits of the SKU.'],
  UNAUTHORIZED: ['unauthenticated', 'authentication required, visit https://aka.ms/acr/authorization for more information.'],
  UNSUPPORTED: ['invalid', 'the operation is unsupported'],
} as const satisfies Record<string, readonly [FaultKind, string]>;

export type OciCode = keyof typeof catalogue;

/** A fault of the catalogue; message and kind are the catalogue's unless given. */
export function oci(code: OciCode, options: FaultOptions & { message?: string; kind?: FaultKind } = {}): Fault {
  const [kind, message] = catalogue[code];
  const { message: ownMessage, kind: ownKind, ...rest } = options;
  return new Fault(ownKind ?? kind, code, ownMessage ?? message, rest);
}

/** The OCI codes of faults that other rooms raise in their own words. */
const codeOfKind: Partial<Record<FaultKind, string>> = {
  unauthenticated: 'UNAUTHORIZED',
  forbidden: 'DENIED',
  throttled: 'TOOMANYREQUESTS',
  tooLarge: 'SIZE_INVALID',
  insufficientStorage: 'INSUFFICIENT_STORAGE',
  internal: 'UNKNOWN',
};

/** Without a detail there is none: ACR's firewall writes code and message alone. */
function entry(fault: Fault): { code: string; message: string; detail?: unknown } {
  const code = /^[A-Z_]+$/.test(fault.code) ? fault.code : (codeOfKind[fault.kind] ?? 'UNSUPPORTED');
  return { code, message: fault.message, ...(fault.detail === undefined ? {} : { detail: fault.detail }) };
}

/** Whatever was thrown, as the reply of distribution-spec "Error Codes": one entry for each problem. */
export function refusal(thrown: unknown): { reply: Reply; fault: Fault } {
  const fault = asFault(thrown);
  const errors = (fault.details.length > 0 ? fault.details : [fault]).map(entry);
  // ACR writes apostrophes so; people search their logs for that text.
  const bytes = Buffer.from(JSON.stringify({ errors }).replaceAll("'", '\\u0027'));
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': String(bytes.length), ...fault.headers };
  return { reply: { status: fault.status, headers, body: { kind: 'bytes', bytes } }, fault };
}
