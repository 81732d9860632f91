/** `postern az-setup`: what the Azure CLI on this host needs to work against Postern, in a configuration folder of its own. */
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fault } from '#base/fault.ts';
import { type Instance, runningInstance } from '#instance.ts';
import { command } from '../command.ts';
import { dataFlag } from '../context.ts';
import { dialled } from '../management.ts';
import { exportLines, shellWord, writeBundle } from '../shell-environment.ts';

/** The cloud's name in az. */
const CLOUD = 'Postern';

/** Ends every way out, for every name: nothing listens at the port, and there is no folder with a login. */
const CLOSED = {
  AZURE_CONFIG_DIR: '/dev/null',
  HTTPS_PROXY: 'https://127.0.0.1:1',
  https_proxy: 'https://127.0.0.1:1',
  NO_PROXY: '',
  no_proxy: '',
} as const;

export default command({
  path: 'az-setup',
  summary: 'Set the Azure CLI on this host up for Postern, in a configuration folder of its own.',
  options: [
    { name: 'dir', kind: 'text', placeholder: 'DIR', summary: "The Azure CLI's configuration folder to make. Default: az in the data folder." },
    { name: 'print-env', kind: 'flag', summary: 'Print the exports alone, for eval.' },
  ],
  notes:
    'The exports are for one shell. There everything that speaks HTTPS goes through Postern, which serves its own names and dials no others: ' +
    'an az command can reach neither Azure nor a registry of the same name there. az itself need not be installed to make the folder, and keeps its logins in it, apart from the ones in ~/.azure.',
  examples: ['eval "$(postern az-setup --print-env)"', 'postern az-setup --dir ~/postern-az'],
  run: async (args, context) => {
    const instance = runningInstance(context.data);
    // `eval` of nothing would leave a shell in which the next az command goes to Azure, a password with it.
    if (!instance && args.boolean('print-env')) context.out(`${exportLines(CLOSED).join('\n')}\nfalse\n`);
    if (!instance)
      throw new Fault('unavailable', 'NotRunning', `Postern does not run on ${context.data}. Start it with: postern up --detach${dataFlag(context.data)}`);
    const folder = resolve(args.text('dir') ?? join(context.data, 'az'));
    const docker = writeFolder(folder, instance);
    const values = azExports(instance, folder, { bundle: writeBundle(context.data), docker });
    if (context.formatGiven) return values;
    context.out(args.boolean('print-env') ? `${exportLines(values).join('\n')}\n` : setupText(values, context.data, dataFlag(context.data)));
    return undefined;
  },
});

/** Writes az's own files into the folder, leaving what az has written there since; returns the path of the docker that az is to call. @throws Fault `NotOurAzFolder` */
function writeFolder(folder: string, instance: Instance): string {
  const clouds = join(folder, 'clouds.config');
  const config = join(folder, 'config');
  const registered = existsSync(clouds) ? readFileSync(clouds, 'utf8') : '';
  // Somebody's folder for Azure itself would be switched to another cloud.
  if (existsSync(config) && !registered.includes(`[${CLOUD}]`))
    throw new Fault('conflict', 'NotOurAzFolder', `${folder} is a configuration folder of the Azure CLI for something else. Name another with --dir.`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The subscription in use is kept in the cloud's section, by az.
  const subscription = /^subscription *= *(\S+)$/m.exec(registered)?.[1];
  writeFileSync(clouds, cloudSection(instance, subscription), { mode: 0o600 });
  if (!existsSync(config)) writeFileSync(config, `[cloud]\nname = ${CLOUD}\n\n[core]\ncollect_telemetry = no\ninstance_discovery = no\n`, { mode: 0o600 });
  const docker = join(folder, 'docker');
  writeFileSync(docker, dockerScript(instance));
  chmodSync(docker, 0o700);
  return docker;
}

/** The cloud as `az cloud register` writes it. The directory's address ends in `/adfs`: az asks no server of Microsoft about such an authority. */
export function cloudSection({ url, domain }: Pick<Instance, 'url' | 'domain'>, subscription?: string): string {
  const values = {
    endpoint_active_directory: `${url}/adfs`,
    endpoint_active_directory_graph_resource_id: `${url}/`,
    endpoint_active_directory_resource_id: 'https://management.azure.com/',
    endpoint_gallery: url,
    endpoint_management: `${url}/`,
    endpoint_microsoft_graph_resource_id: `${url}/`,
    endpoint_portal: url,
    endpoint_resource_manager: url,
    suffix_acr_login_server_endpoint: `.${domain}`,
    suffix_keyvault_dns: '.vault.azure.net',
    suffix_storage_endpoint: 'core.windows.net',
    ...(subscription === undefined ? {} : { subscription }),
  };
  return `[${CLOUD}]\n${Object.entries(values)
    .map(([name, value]) => `${name} = ${value}`)
    .join('\n')}\n`;
}

/** Names and values. Registries have their Azure names for az: the proxy is what keeps those from being dialled, and with them the tokens that az sends there. */
export function azExports(instance: Pick<Instance, 'url'>, folder: string, files: { bundle: string; docker: string }): Record<string, string> {
  const direct = '127.0.0.1,localhost,::1';
  return {
    AZURE_CONFIG_DIR: folder,
    AZURE_CORE_COLLECT_TELEMETRY: 'no',
    AZURE_CORE_INSTANCE_DISCOVERY: 'no',
    REQUESTS_CA_BUNDLE: files.bundle,
    SSL_CERT_FILE: files.bundle,
    CURL_CA_BUNDLE: files.bundle,
    HTTPS_PROXY: instance.url,
    https_proxy: instance.url,
    NO_PROXY: direct,
    no_proxy: direct,
    DOCKER_COMMAND: files.docker,
  };
}

/** docker as az calls it: the daemon goes through no proxy of a shell, so a registry is called by its name on this host. */
export function dockerScript({ domain, hostDomain, public: listen }: Pick<Instance, 'domain' | 'hostDomain' | 'public'>): string {
  return [
    '#!/bin/sh',
    '# docker for az on this host, made by `postern az-setup`: NAME.DOMAIN becomes the name that the registry has here. By its Azure name docker would reach Azure.',
    'for word; do',
    '  shift',
    '  case $word in',
    '    *[!A-Za-z0-9.-]*) ;;',
    `    *.${domain}) word=\${word%.${domain}}.${hostDomain}:${dialled(listen).port} ;;`,
    '  esac',
    '  set -- "$@" "$word"',
    'done',
    'exec "${POSTERN_DOCKER:-docker}" "$@"',
    '',
  ].join('\n');
}

/** POSIX shell, with what to type next as comments. */
export function setupText(values: Readonly<Record<string, string>>, data: string, at: string): string {
  const secretOf = (file: string, name: string): string => `"$(sed -n 's/.*"${name}": "\\(.*\\)".*/\\1/p' ${shellWord(join(data, file))})"`;
  return [
    `# eval "$(postern az-setup --print-env${at})"`,
    ...exportLines(values),
    '# Then, in that shell, as the first administrator:',
    `#   az login --username ${secretOf('admin.json', 'userPrincipalName')} --password ${secretOf('admin.json', 'password')}`,
    '# or as the operator:',
    `#   az login --service-principal --tenant ${secretOf('operator.json', 'tenantId')} --username ${secretOf('operator.json', 'appId')} --password ${secretOf('operator.json', 'secret')}`,
    '# HTTPS of this shell goes to Postern only. `unset HTTPS_PROXY https_proxy AZURE_CONFIG_DIR` ends that; without the proxy use no az command of a registry here.',
    '',
  ].join('\n');
}
