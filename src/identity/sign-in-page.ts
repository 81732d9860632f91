/**
 * The pages where a person signs in: the code of a device, or the request of a browser (RFC 6749 section 4.1.1), with name and password. Plain HTML that needs no
 * script. A form is taken only with the cookie of the browser that it was given to, so that no other site can send it (RFC 6819 section 4.4.1.8).
 */
import { createHash, randomBytes } from 'node:crypto';
import { readForm } from '#http/body.ts';
import type { Reply, Request } from '#http/message.ts';
import { Attempts } from './attempts.ts';
import type { Sealed } from './sealed.ts';
import { required, requireSingle, SignInFault } from './sign-in-faults.ts';
import { requireClient, type TokenPath, type TokenRooms } from './token-endpoint.ts';

const FORM_SECONDS = 15 * 60;
/** `__Host-`: of this origin alone, for all its paths, over TLS only. */
const COOKIE = '__Host-postern-sign-in';
/** Wrong codes from one address within the time. */
const WRONG_CODES = 10;
const WRONG_CODES_MS = 60_000;

/** What a browser's request for a code asked for; kept in the form while the person types. */
interface AuthorizationRequest {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly responseMode: 'query' | 'form_post';
  readonly state: string | undefined;
  readonly scope: string;
  readonly nonce: string | undefined;
  readonly challenge: string;
  readonly loginHint: string;
}

interface FormState {
  /** SHA-256 of the browser's cookie. */
  readonly cookie: string;
  /** Absent on the page of device codes. */
  readonly authorization?: AuthorizationRequest;
}

export interface PageRooms extends TokenRooms {
  readonly sealed: Sealed;
}

export class SignInPages {
  readonly #rooms: PageRooms;
  readonly #wrongCodes: Attempts;

  constructor(rooms: PageRooms) {
    this.#rooms = rooms;
    this.#wrongCodes = new Attempts({ clock: rooms.clock, limit: WRONG_CODES, windowMs: WRONG_CODES_MS });
  }

  /** The page where the code of a device is typed: GET shows it, POST takes it. */
  async device(request: Request, path: TokenPath): Promise<Reply> {
    if (request.method !== 'POST') return this.#show(request, { code: request.query.get('otc') ?? '' });
    let typed = { code: '', username: '' };
    try {
      const form = await readForm(request);
      typed = { code: form.get('code') ?? '', username: form.get('username') ?? '' };
      this.#state(request, form);
      if (this.#wrongCodes.blocked(path.peer)) throw new SignInFault(50053, 'Too many codes were wrong. Try again in a minute.');
      const { deviceCodes, users } = this.#rooms;
      const asked = deviceCodes.find(required(form, 'code'));
      if (!asked) {
        this.#wrongCodes.failed(path.peer);
        throw new SignInFault(70000, 'That code did not work. Check the code and try again: it holds for 15 minutes and once.');
      }
      const tenant = asked.tenantId === undefined ? undefined : await this.#rooms.directory.findTenant(asked.tenantId);
      const user = await users.byPassword(required(form, 'username'), required(form, 'password'), { tenant, peer: path.peer });
      deviceCodes.approve(typed.code, user.objectId);
      request.trace.push({ check: 'identity', ok: true, detail: `user ${user.upn} agreed to the sign-in of a device` });
      return page(200, 'Signed in', `<p>You have signed in as <b>${escaped(user.upn)}</b> on your device. You may close this window.</p>`);
    } catch (error) {
      return this.#again(request, error, typed);
    }
  }

  /** The authorization endpoint. Only addresses of the person's own machine are redirected to: clients that run elsewhere would need a registration. */
  async authorize(request: Request, path: TokenPath): Promise<Reply> {
    let authorization: AuthorizationRequest | undefined;
    let username = '';
    try {
      if (request.method !== 'POST') {
        authorization = await this.#authorizationRequest(request.query, path);
        return this.#show(request, { authorization, username: authorization.loginHint });
      }
      const form = await readForm(request);
      username = form.get('username') ?? '';
      authorization = this.#state(request, form).authorization;
      if (!authorization) throw new SignInFault(9002313, 'Invalid request. Request is malformed or invalid.');
      const user = await this.#rooms.users.byPassword(required(form, 'username'), required(form, 'password'), path);
      const { clientId, redirectUri, scope, nonce, challenge } = authorization;
      const code = this.#rooms.codes.issue({ objectId: user.objectId, clientId, redirectUri, scope, nonce, challenge });
      request.trace.push({ check: 'identity', ok: true, detail: `user ${user.upn} agreed to the sign-in of client ${clientId}` });
      return redirect(authorization, code);
    } catch (error) {
      return this.#again(request, error, { username, ...(authorization ? { authorization } : {}) });
    }
  }

  /** @throws SignInFault */
  async #authorizationRequest(query: URLSearchParams, path: TokenPath): Promise<AuthorizationRequest> {
    requireSingle(query);
    const clientId = required(query, 'client_id').toLowerCase();
    await requireClient(clientId, this.#rooms, path.tenant);
    const redirectUri = required(query, 'redirect_uri');
    if (!isLoopback(redirectUri))
      throw new SignInFault(
        50011,
        `The redirect URI '${redirectUri.slice(0, 200)}' specified in the request does not match the redirect URIs configured for the application: http://localhost and http://127.0.0.1, at any port.`,
      );
    if (required(query, 'response_type') !== 'code') throw new SignInFault(9002313, "Invalid request: the response_type must be 'code'.");
    if (required(query, 'code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(required(query, 'code_challenge')))
      throw new SignInFault(501481, "The code_challenge must be a SHA-256 in base64url, with code_challenge_method 'S256'.");
    const responseMode = query.get('response_mode') ?? 'query';
    if (responseMode !== 'query' && responseMode !== 'form_post')
      throw new SignInFault(9002313, "Invalid request: the response_mode must be 'query' or 'form_post'.");
    return {
      clientId,
      redirectUri,
      responseMode,
      state: query.get('state') ?? undefined,
      scope: query.get('scope') ?? '',
      nonce: query.get('nonce') ?? undefined,
      challenge: query.get('code_challenge') as string,
      loginHint: query.get('login_hint') ?? '',
    };
  }

  /** What a form that was sent back holds. @throws SignInFault when it was not given to this browser, or too long ago */
  #state(request: Request, form: URLSearchParams): FormState {
    requireSingle(form);
    const opened = this.#rooms.sealed.open<FormState>('form', form.get('state') ?? '');
    const cookie = cookieOf(request);
    const own = opened && opened !== 'expired' && cookie !== undefined && opened.value.cookie === digest(cookie);
    const { origin } = request.headers;
    if (!own || (origin !== undefined && origin !== 'null' && origin.toLowerCase() !== `https://${request.authority.toLowerCase()}`))
      throw new SignInFault(9002313, 'This page was open for too long, or was not opened here. Type again.');
    return opened.value;
  }

  /** The form once more, with why. Bugs are thrown on. */
  #again(request: Request, error: unknown, typed: { code?: string; username: string; authorization?: AuthorizationRequest }): Reply {
    const fault = error as { status?: number; kind?: string; message: string };
    if (!(error instanceof SignInFault) && (fault.kind === undefined || fault.kind === 'internal')) throw error;
    request.trace.push({ check: 'identity', ok: false, detail: fault.message });
    const why = error instanceof SignInFault ? `AADSTS${error.code}: ${error.message}` : fault.message;
    if (typed.authorization === undefined && typed.code === undefined) return page(400, 'Sign in', `<p role="alert">${escaped(why)}</p>`);
    return this.#show(request, { ...typed, why, status: fault.status ?? 400 });
  }

  #show(request: Request, shown: { code?: string; username?: string; authorization?: AuthorizationRequest; why?: string; status?: number }): Reply {
    const { code, username = '', authorization, why, status = 200 } = shown;
    const cookie = cookieOf(request) ?? randomBytes(24).toString('base64url');
    const state: FormState = { cookie: digest(cookie), ...(authorization ? { authorization } : {}) };
    const fields = [
      `<input type="hidden" name="state" value="${this.#rooms.sealed.seal('form', state, FORM_SECONDS)}">`,
      ...(authorization ? [] : [field('Code', 'code', 'text', code ?? '', 'autocapitalize="characters" autocomplete="off" spellcheck="false"')]),
      field('User name', 'username', 'text', username, 'autocomplete="username" autocapitalize="none" spellcheck="false" placeholder="admin@…"'),
      field('Password', 'password', 'password', '', 'autocomplete="current-password"'),
    ];
    const reply = page(
      status,
      authorization ? 'Sign in' : 'Enter the code of your device',
      `${why === undefined ? '' : `<p role="alert">${escaped(why)}</p>`}<form method="post" action="${escaped(request.path)}">${fields.join('')}<button>Sign in</button></form>`,
      authorization?.redirectUri,
    );
    return { ...reply, headers: { ...reply.headers, 'set-cookie': `${COOKIE}=${cookie}; Path=/; Max-Age=${FORM_SECONDS}; Secure; HttpOnly; SameSite=Strict` } };
  }
}

function field(label: string, name: string, type: string, value: string, more: string): string {
  return `<label>${label}<input name="${name}" type="${type}" value="${escaped(value.slice(0, 300))}" required ${more}></label>`;
}

/** Whether an address is of the person's own machine (RFC 8252 section 7.3; Entra takes any port there). */
function isLoopback(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    url.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) && url.username === '' && url.password === '' && url.hash === ''
  );
}

function redirect({ redirectUri, responseMode, state }: AuthorizationRequest, code: string): Reply {
  const answer = { code, ...(state === undefined ? {} : { state }) };
  if (responseMode === 'query') {
    const url = new URL(redirectUri);
    for (const [name, value] of Object.entries(answer)) url.searchParams.set(name, value);
    return { status: 302, headers: { ...HEADERS, location: url.href, 'content-length': '0' } };
  }
  const inputs = Object.entries(answer).map(([name, value]) => `<input type="hidden" name="${name}" value="${escaped(value)}">`);
  const nonce = randomBytes(16).toString('base64');
  const body = `<form method="post" action="${escaped(redirectUri)}">${inputs.join('')}<button>Continue</button></form><script nonce="${nonce}">document.forms[0].submit()</script>`;
  return page(200, 'Signed in', body, redirectUri, nonce);
}

const HEADERS = {
  'cache-control': 'no-store, no-cache',
  pragma: 'no-cache',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const STYLE =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:10vh auto;padding:0 1rem}label,button{display:block;margin:1rem 0}input{display:block;width:100%;font:inherit;padding:.3rem;box-sizing:border-box}button{font:inherit;padding:.3rem 1rem}[role=alert]{border-left:.25rem solid #b00;padding-left:.75rem}';

/** `target`: where else the page's form may be sent to, or lead by a redirect. */
function page(status: number, title: string, body: string, target?: string, nonce?: string): Reply {
  const html = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title} · Postern</title><style>${STYLE}</style><h1>${title}</h1>${body}</html>\n`;
  const style = createHash('sha256').update(STYLE).digest('base64');
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${style}'`,
    ...(nonce === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    `form-action 'self'${target === undefined ? '' : ` ${new URL(target).origin}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  const bytes = Buffer.from(html);
  return {
    status,
    headers: { ...HEADERS, 'content-type': 'text/html; charset=utf-8', 'content-length': String(bytes.length), 'content-security-policy': policy.join('; ') },
    body: { kind: 'bytes', bytes },
  };
}

function cookieOf(request: Request): string | undefined {
  return new RegExp(`(?:^|; *)${COOKIE}=([A-Za-z0-9_-]{32})(?:;|$)`).exec(request.headers.cookie ?? '')?.[1];
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function escaped(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
