/** `repository`, `repository:tag` and `repository@digest`, as commands about content take them. */
import { UsageError } from './failure.ts';

export interface ImageName {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Without tag and digest it is the tag `latest`, as docker reads it. @throws UsageError */
export function imageName(text: string, option: string): ImageName {
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const colon = name.lastIndexOf(':');
  const tagged = colon > name.lastIndexOf('/');
  const repository = tagged ? name.slice(0, colon) : name;
  if (repository === '') throw new UsageError(`argument --${option}: '${text}' is not REPOSITORY[:TAG] or REPOSITORY@DIGEST`);
  if (at >= 0) return { repository, digest: text.slice(at + 1) };
  return { repository, tag: tagged ? name.slice(colon + 1) : 'latest' };
}

/** The path of what ACR knows of a tag or manifest. */
export function metadataPath({ repository, tag, digest }: ImageName): string {
  return digest === undefined ? `/acr/v1/${repository}/_tags/${tag}` : `/acr/v1/${repository}/_manifests/${digest}`;
}
