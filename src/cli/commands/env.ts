/** `postern env`: shell exports that point clients on the host at the registries' public listener there. */
import { join } from 'node:path';
import { type Instance, runningInstance } from '#instance.ts';
import { command } from '../command.ts';
import { dialled } from '../management.ts';
import { REGISTRY_TYPE } from '../resources.ts';
import { exportLines, shellWord, writeBundle } from '../shell-environment.ts';
import { apiVersionOf } from '../versions.ts';

export default command({
  path: 'env',
  summary: "Print shell exports that point docker, skopeo and curl on this host at Postern's registries.",
  options: [],
  notes:
    "On the host a registry is NAME.HOST-DOMAIN:PORT and the public side's rules hold. Names below azurecr.io are never used here: they would lead to Azure's own servers.",
  examples: ['eval "$(postern env)"'],
  run: async (_args, context) => {
    const server = await context.management();
    const instance = runningInstance(context.data) as Instance;
    const registries = await server.list(`${await context.subscriptionPath()}/providers/${REGISTRY_TYPE}`, apiVersionOf(REGISTRY_TYPE));
    const names = registries.map((registry) => String(registry.name).toLowerCase()).sort();
    const bundle = writeBundle(context.data);
    const values = exportsOf(instance, context.data, names, bundle);
    if (context.formatGiven) return values;
    context.out(envText(instance, context.data, names, values));
    return undefined;
  },
});

/** Names and values. `REGISTRY` is set when there is exactly one. */
export function exportsOf(instance: Instance, data: string, names: readonly string[], bundle: string): Record<string, string> {
  const { port } = dialled(instance.public);
  const hosts = names.map((name): [string, string] => [name, `${name}.${instance.hostDomain}:${port}`]);
  return {
    POSTERN_DATA: data,
    POSTERN_URL: instance.url,
    POSTERN_CA_FILE: join(data, 'ca.pem'),
    POSTERN_CREDENTIALS_FILE: join(data, 'operator.json'),
    SSL_CERT_FILE: bundle,
    CURL_CA_BUNDLE: bundle,
    ...(hosts.length === 1 ? { REGISTRY: hosts[0]?.[1] as string } : {}),
    ...Object.fromEntries(hosts.map(([name, host]) => [`REGISTRY_${name.toUpperCase()}`, host])),
  };
}

/** POSIX shell, with what to do next as comments. */
export function envText(instance: Instance, data: string, names: readonly string[], values: Record<string, string>): string {
  const { host, port } = dialled(instance.public);
  const first = `${names[0] ?? 'REGISTRY'}.${instance.hostDomain}`;
  return [
    '# eval "$(postern env)"',
    ...exportLines(values),
    ...(names.length === 0 ? ['# There is no registry yet: postern acr create --help'] : []),
    `# Where ${first} does not resolve, add to /etc/hosts:  ${host} ${first}`,
    `# docker, podman: cp ${shellWord(join(data, 'ca.pem'))} /etc/docker/certs.d/${first}:${port}/ca.crt  (make the folder; /etc/containers/certs.d for podman)`,
    '# A login of their own:  postern ad sp create-for-rbac -n NAME --role AcrPull --scopes "$(postern acr show -n REGISTRY --query id -o tsv)"',
    `#   then its appId and password:  docker login -u APPID --password-stdin ${first}:${port}`,
    '',
  ].join('\n');
}
