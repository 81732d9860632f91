/** Entity tags (RFC 9110 section 8.8.3 and 13.1): parse and match of If-Match and If-None-Match. */

/** Whether a condition header (`"a", W/"b"`, `*`) matches the current tag; `current` undefined means that nothing exists. Weak comparison. */
export function etagMatches(header: string, current: string | undefined): boolean {
  if (header.trim() === '*') return current !== undefined;
  if (current === undefined) return false;
  const bare = (tag: string): string =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
  return header.split(',').some((tag) => bare(tag) === bare(current));
}
