/**
 * The sign-in plane: login.microsoftonline.com inside machines, and the same paths on the management listener, there also in the
 * `/adfs` form that the Azure CLI needs for an authority it does not know. OAuth 2.0 (RFC 6749) and OpenID Connect, in Microsoft Entra ID's words.
 */
import type { Clock } from '#base/clock.ts';
import { jsonReply, type Plane, type Reply, type Request } from '#http/message.ts';
import type { Store } from '#store/store.ts';
import type { TenantRecord } from '#store/tenants.ts';
import type { Arrival } from '#topology/arrival.ts';
import { AuthorizationCodes } from './authorization-codes.ts';
import { DeviceCodes } from './device-codes.ts';
import type { Directory } from './directory.ts';
import { Sealed } from './sealed.ts';
import { NO_STORE, SignInFault, signInRefusal } from './sign-in-faults.ts';
import { CACHEABLE, cloudMetadata, type Form, instanceDiscovery, openIdConfiguration, userRealm } from './sign-in-metadata.ts';
import { SignInPages } from './sign-in-page.ts';
import { deviceCodeReply, type TokenPath, type TokenRooms, tokenReply } from './token-endpoint.ts';
import type { Tokens } from './tokens.ts';
import { UserSignIn } from './user-sign-in.ts';

export interface LoginOptions {
  readonly tokens: Tokens;
  readonly directory: Directory;
  readonly store: Store;
  /** The first tenant. */
  readonly tenantId: string;
  readonly clock: Clock;
  /** 32 bytes that seal what is handed out; see `Sealed`. */
  readonly sealKey: Buffer;
  /** The management listener as a person on the host reaches it, `https://HOST:PORT`: where the codes of devices are typed. */
  readonly hostUrl: string;
  /** The registries' DNS suffix inside machines, and on the host: for `/metadata/endpoints`. */
  readonly domain: string;
  readonly hostDomain: string;
}

/** The page of device codes, as short as a person types it, and under Entra's own path. */
const DEVICE_PAGE = 'devicelogin';

/** `/adfs/...` may name a tenant behind it; everything else in front of the noun is the tenant. */
const ROUTE =
  /^(?:\/(?<federated>adfs)(?:\/(?<inner>[A-Za-z0-9.-]{1,100}))??|\/(?<tenant>[A-Za-z0-9.-]{1,100}))?\/(?<noun>oauth2(?:\/v2\.0)?\/(?:token|devicecode|authorize|deviceauth)|(?:v2\.0\/)?\.well-known\/openid-configuration|discovery(?:\/v2\.0)?\/keys|discovery\/instance|userrealm\/(?<user>[^/]{1,300})|devicelogin|metadata\/endpoints)\/?$/i;

/** Paths of this plane on the management listener, where it shares the host with the control plane, whose paths never look so. */
export function isLoginPath(path: string): boolean {
  return ROUTE.test(path);
}

/** What a route takes and who answers. */
interface Call {
  readonly request: Request;
  /** The tenant as the path names it, lower case. */
  readonly asked: string | undefined;
  readonly path: TokenPath;
}

interface Route {
  readonly methods: readonly string[];
  /** False: whatever the path names for a tenant is as good. */
  readonly tenant?: false;
  answer(call: Call): Promise<Reply> | Reply;
}

export function loginPlane(options: LoginOptions): Plane {
  const { tokens, directory, store, tenantId, clock } = options;
  const sealed = new Sealed(options.sealKey, clock);
  const users = new UserSignIn({ directory, store, sealed, clock });
  const rooms: TokenRooms = { tokens, directory, clock, users, deviceCodes: new DeviceCodes({ clock }), codes: new AuthorizationCodes({ sealed, clock }) };
  const pages = new SignInPages({ ...rooms, sealed });
  const devicePage = `${options.hostUrl}/${DEVICE_PAGE}`;
  const page: Route = { methods: ['GET', 'POST'], answer: ({ request, path }) => pages.device(request, path) };
  const routes: Readonly<Record<string, Route>> = {
    token: { methods: ['POST'], answer: ({ request, path }) => tokenReply(request, rooms, path) },
    devicecode: { methods: ['POST'], answer: ({ request, path }) => deviceCodeReply(request, rooms, path, devicePage) },
    authorize: { methods: ['GET', 'POST'], answer: ({ request, path }) => pages.authorize(request, path) },
    deviceauth: page,
    devicelogin: page,
    'openid-configuration': {
      methods: ['GET'],
      answer: ({ request, path, asked }) => jsonReply(200, openIdConfiguration(request, path.form, asked, path.tenant?.id, tenantId), CACHEABLE),
    },
    keys: { methods: ['GET'], tenant: false, answer: () => jsonReply(200, tokens.directoryKeys, CACHEABLE) },
    instance: { methods: ['GET'], tenant: false, answer: ({ request }) => jsonReply(200, instanceDiscovery(request, tenantId), CACHEABLE) },
    endpoints: {
      methods: ['GET'],
      tenant: false,
      // On the host no registry has its Azure name unless its client goes through our proxy: that would send credentials to Azure's own servers.
      answer: ({ request, path: { onHost } }) => cloudMetadata(request, { tenantId, onHost, registries: onHost ? options.hostDomain : options.domain }),
    },
    userrealm: {
      methods: ['GET'],
      tenant: false,
      answer: async ({ request }) => {
        const user = decoded(ROUTE.exec(request.path)?.groups?.user ?? '');
        const known = (await directory.findTenant(user.slice(user.indexOf('@') + 1))) !== undefined;
        return jsonReply(200, userRealm(user, known), NO_STORE);
      },
    },
  };
  return async (request, arrival) => {
    const { federated, tenant, inner, noun = '' } = ROUTE.exec(request.path)?.groups ?? {};
    const words = noun.toLowerCase().split('/');
    const route = routes[words[0] === 'userrealm' ? 'userrealm' : (words.at(-1) as string)];
    const shown = request.path.slice(0, 200);
    if (!route) return jsonReply(404, { error: 'not_found', error_description: `Nothing is at '${shown}'.` }, NO_STORE);
    if (!route.methods.includes(request.method === 'HEAD' ? 'GET' : request.method))
      return jsonReply(
        405,
        { error: 'invalid_request', error_description: `'${shown}' takes ${route.methods.join(' and ')}.` },
        { ...NO_STORE, allow: route.methods.join(', ') },
      );
    const asked = (inner ?? tenant)?.toLowerCase();
    const form: Form = federated !== undefined ? 'adfs' : words.includes('v2.0') ? 'v2.0' : 'v1.0';
    try {
      const found = route.tenant === false ? undefined : await tenantOf(asked, directory);
      return await route.answer({ request, asked, path: { form, tenant: found, ...from(arrival) } });
    } catch (error) {
      return signInRefusal(request, error, clock);
    }
  };
}

function from(arrival: Arrival): { onHost: boolean; peer: string } {
  return { onHost: arrival.via === 'management', peer: arrival.peer };
}

/** The tenant of a path; undefined where it names none, or Entra's words for "the tenant of whoever signs in". @throws SignInFault 90002 */
async function tenantOf(asked: string | undefined, directory: Directory): Promise<TenantRecord | undefined> {
  if (asked === undefined || asked === 'common' || asked === 'organizations') return undefined;
  const tenant = await directory.findTenant(asked);
  if (!tenant)
    throw new SignInFault(
      90002,
      `Tenant '${asked}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`,
    );
  return tenant;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
