/** Certificates of applications, for tests: an RSA key under a certificate that anybody might have signed. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import { certificate } from './x509.ts';

/** `der` in base64; `thumbprint` is SHA-1 in upper-case hexadecimal. Good for a year from now. */
export function applicationCertificate(clock: Clock): { readonly der: string; readonly thumbprint: string; readonly privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { privateKey: issuerKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = certificate({
    serialNumber: Buffer.concat([Buffer.from([1]), randomBytes(8)]),
    issuer: 'test',
    subject: 'test',
    notBeforeMs: clock.now() - 60_000,
    notAfterMs: clock.now() + 365 * 24 * 60 * 60 * 1000,
    publicKey,
    extensions: [],
    issuerKey,
  });
  return { der: der.toString('base64'), thumbprint: createHash('sha1').update(der).digest('hex').toUpperCase(), privateKey };
}
