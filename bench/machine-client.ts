/**
 * Runs inside a machine: `push HOST REPOSITORY BYTES` prints the digest of what it pushed, `pull HOST REPOSITORY DIGEST` the rate in MB/s by curl.
 * Signs in with the machine's managed identity.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { seeded } from '../test/random.ts';

const [verb, host, repository, what] = process.argv.slice(2) as [string, string, string, string];

const text = (...args: string[]): string => execFileSync('curl', ['-sS', '--fail-with-body', ...args], { encoding: 'utf8' });
const identity = JSON.parse(
  text('-H', 'Metadata: true', 'http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com/'),
);
const form = (fields: Record<string, string>): string[] => Object.entries(fields).flatMap(([name, value]) => ['--data-urlencode', `${name}=${value}`]);
const { refresh_token } = JSON.parse(
  text(...form({ grant_type: 'access_token', service: host, access_token: identity.access_token }), `https://${host}/oauth2/exchange`),
);
const scope = `repository:${repository}:pull,push`;
const { access_token } = JSON.parse(text(...form({ grant_type: 'refresh_token', service: host, scope, refresh_token }), `https://${host}/oauth2/token`));
const bearer = ['-H', `Authorization: Bearer ${access_token}`];

if (verb === 'push') {
  const bytes = seeded(2).bytes(Number(what));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const headers = text('-D', '-', '-X', 'POST', '-H', 'Content-Length: 0', ...bearer, `https://${host}/v2/${repository}/blobs/uploads/`);
  const url = new URL(/^location: *(\S+)/im.exec(headers)?.[1] as string, `https://${host}`);
  url.searchParams.set('digest', digest);
  execFileSync('curl', ['-sS', '--fail-with-body', '-X', 'PUT', '--data-binary', '@-', '-H', 'Content-Type: application/octet-stream', ...bearer, url.href], {
    input: bytes,
  });
  console.log(digest);
} else {
  const url = `https://${host}/v2/${repository}/blobs/${what}`;
  console.log(Number(text('-L', '-o', '/dev/null', '-w', '%{speed_download}', ...bearer, url)) / 1e6);
}
