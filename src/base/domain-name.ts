/** DNS names in presentation form: lower case, no trailing dot. RFC 1035 section 2.3.4 limits. */

declare const nameBrand: unique symbol;
/** A canonical DNS name. The root is ''. Made only by `parseDomainName`. */
export type DomainName = string & { readonly [nameBrand]: true };

/** Labels of 1-63 octets, 253 in all. Any octet but `.` is legal in DNS; control characters and spaces are refused here, underscores are not. */
const LABEL = /^[!-\-/-~]{1,63}$/;

/** The canonical name, or undefined when the text is no DNS name. A trailing dot is accepted. */
export function parseDomainName(text: string): DomainName | undefined {
  const name = (text.endsWith('.') ? text.slice(0, -1) : text).toLowerCase();
  if (name === '') return text === '.' || text === '' ? ('' as DomainName) : undefined;
  if (name.length > 253) return undefined;
  for (const label of name.split('.')) if (!LABEL.test(label)) return undefined;
  return name as DomainName;
}

/** Whether `name` is `zone` or lies below it. */
export function isWithinDomain(name: string, zone: string): boolean {
  return zone === '' || name === zone || name.endsWith(`.${zone}`);
}

/** The name relative to the zone, `@` for the zone itself. The name must lie within the zone. */
export function relativeName(name: string, zone: string): string {
  return name === zone ? '@' : name.slice(0, name.length - zone.length - 1);
}
