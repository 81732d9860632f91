/** Parts that the property schemas of many types share. Each parses its own output to itself, since clients write back what they read. */
import { parseIp, parsePrefix } from '#base/ip.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { parseResourceId } from '#base/resource-id.ts';
import { type Schema, z } from '#base/schema.ts';

/** Clients send null for what they have no value for; ARM reads it as absent. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

/** The schema of a type's `properties`: an absent body is an empty one, null is absent, unknown and read-only properties are dropped. */
export function propertiesSchema(shape: z.ZodRawShape): Schema<JsonObject> {
  return z.preprocess((value) => withoutNulls(value ?? {}), z.object(shape)) as unknown as Schema<JsonObject>;
}

/** One of the values, matched without regard to case and given in its canonical form (docs/sources.md#registry-shape). */
export function choice<const Values extends readonly [string, ...string[]]>(...values: Values): z.ZodType<Values[number]> {
  const canonical = new Map(values.map((value) => [value.toLowerCase(), value]));
  return z.preprocess((value) => (typeof value === 'string' ? (canonical.get(value.toLowerCase()) ?? value) : value), z.enum(values)) as unknown as z.ZodType<
    Values[number]
  >;
}

/** A resource id of the type (canonical casing), or of any type. Its casing is kept. */
export function resourceIdText(type?: string): z.ZodType<string> {
  return z.string().superRefine((text, check) => {
    try {
      const id = parseResourceId(text);
      if (type !== undefined && id.type.toLowerCase() !== type.toLowerCase()) {
        check.addIssue({ code: 'custom', message: `'${text}' is not the id of a resource of type '${type}'` });
      }
    } catch {
      check.addIssue({ code: 'custom', message: `'${text.slice(0, 300)}' is not a resource id` });
    }
  });
}

/** ARM's sub-resource reference: `{id}`. */
export function reference(type?: string) {
  return z.object({ id: resourceIdText(type) });
}

/** A canonical IPv4 address. */
export const ipAddressText = z.string().refine((text) => parseIp(text) !== undefined, { error: (issue) => `'${issue.input}' is not an IPv4 address` });

/** An IPv4 prefix in CIDR notation without host bits. */
export const prefixText = z
  .string()
  .refine((text) => text.includes('/') && parsePrefix(text) !== undefined, { error: (issue) => `'${issue.input}' is not an IPv4 prefix such as 10.0.0.0/24` });
