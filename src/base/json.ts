/** JSON values and the two ways in which ARM combines them. */

export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json | undefined;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** ARM PATCH: objects merge deeply, arrays and scalars replace, null removes (RFC 7396). Neither argument is changed. */
export function mergeDeep(base: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonObject = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__') continue;
    const before = merged[key];
    if (value === null) delete merged[key];
    else if (isJsonObject(value)) merged[key] = mergeDeep(isJsonObject(before) ? before : {}, value);
    else merged[key] = value;
  }
  return merged;
}
