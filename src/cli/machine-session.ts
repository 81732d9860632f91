/**
 * The command line inside a machine: no data folder is seen there, so it does as az does in a virtual machine. It signs in by the machine's managed identity
 * and calls the management API by its name, which the machine's resolver leads to Postern.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import { readAccount } from './account-file.ts';
import { Management, type ManagementOptions, type Token } from './management.ts';
import { SUBSCRIPTIONS_VERSION } from './versions.ts';

/** Where a machine has our certificate authority. Nothing else is trusted, so that a name that leads to somebody else's server ends at its certificate. */
const CA_FILE = '/etc/postern/ca.pem';
/** The resolver of every virtual network, by which a machine is told from a host that has the file too. */
const RESOLVER = '168.63.129.16';
const METADATA = '169.254.169.254';
const RESOURCE = 'https://management.azure.com/';

/** Whether this process runs in a machine of Postern's. */
export function insideMachine(): boolean {
  try {
    readFileSync(CA_FILE);
    return new RegExp(`^nameserver ${RESOLVER.replaceAll('.', '\\.')}$`, 'm').test(readFileSync('/etc/resolv.conf', 'utf8'));
  } catch {
    return false;
  }
}

/** The certificate authority's certificate, as machines have it. */
export function machineCaPem(): string {
  return readFileSync(CA_FILE, 'utf8');
}

export async function connectInMachine(data: string, options: Pick<ManagementOptions, 'commandName' | 'warn' | 'noWait' | 'whatIf'>): Promise<Management> {
  const account = readAccount(data);
  const common = { listen: 'management.azure.com:443', caPem: machineCaPem(), tokenFile: join(data, 'run', 'token.json'), ...options };
  if (account.principal) {
    const subscriptionId = account.subscription ?? account.principal.subscriptionId;
    return new Management({ ...common, credentials: { ...account.principal, subscriptionId } });
  }
  const token = await managedIdentityToken();
  const { tid, appid } = claimsOf(token.text);
  const credentials = { tenantId: String(tid), appId: String(appid), secret: '', subscriptionId: account.subscription ?? '' };
  if (account.subscription === undefined) {
    const asking = new Management({ ...common, credentials, token: async () => token });
    const [first] = await asking.list('/subscriptions', SUBSCRIPTIONS_VERSION).finally(() => asking.close());
    // One that may read no subscription still pulls: a registry is found by its name then.
    if (first) credentials.subscriptionId = String(first.subscriptionId);
  }
  return new Management({ ...common, credentials, token: managedIdentityToken });
}

/** A token by the metadata address, as `az login --identity` asks for it. @throws Fault when the machine has no identity */
function managedIdentityToken(resource = RESOURCE): Promise<Token> {
  const path = `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent(resource)}`;
  return new Promise((resolve, reject) => {
    const asked = request({ host: METADATA, path, headers: { Metadata: 'true' }, timeout: 5000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const body = parsed(Buffer.concat(chunks).toString('utf8'));
        if (typeof body.access_token === 'string') resolve({ text: body.access_token, expiresAtMs: Number(body.expires_on) * 1000 });
        else
          reject(
            new Fault('unauthenticated', 'NoIdentity', `The machine has no managed identity to sign in by (${String(body.error_description ?? body.error)}).`),
          );
      });
    });
    asked.on('timeout', () => asked.destroy(new Error('no answer')));
    asked.on('error', (error) => reject(new Fault('unavailable', 'NoMetadata', `The machine's metadata address does not answer: ${error.message}.`)));
    asked.end();
  });
}

function claimsOf(token: string): JsonObject {
  return parsed(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

function parsed(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
