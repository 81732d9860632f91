/** Repository names and tags: the grammar of distribution-spec "Pulling manifests". */

declare const repositoryBrand: unique symbol;
declare const tagBrand: unique symbol;
export type RepositoryName = string & { readonly [repositoryBrand]: true };
export type Tag = string & { readonly [tagBrand]: true };

const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** The name, or undefined. 255 characters at most, as clients limit host and name together. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  return text.length <= 255 && REPOSITORY.test(text) ? (text as RepositoryName) : undefined;
}

export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}
