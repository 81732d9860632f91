/** What is said when Postern is up: where things are, how to stop, what to do next. */
import type { Instance } from '#instance.ts';

/** `at` is the ` --data DIR` that further commands need, or nothing. */
export function readyText(instance: Instance, at: string, options: { detached: boolean }): string {
  const port = instance.public.slice(instance.public.lastIndexOf(':') + 1);
  const fabric =
    instance.fabric === 'none'
      ? 'fabric none: no machines and networks on this host'
      : `fabric world, ${instance.rootless ? 'as an ordinary user' : 'as root'}`;
  return [
    `Postern ${instance.version} is up (process ${instance.pid}, ${fabric}).`,
    '',
    `  Management API   ${instance.url}`,
    `  Registries       https://<registry>.${instance.hostDomain}:${port}`,
    `  First admin      name and password are in admin.json of the data folder`,
    '',
    `Stop it:  ${options.detached ? '' : 'Ctrl-C, or '}postern down${at}`,
    `Next:     postern status${at} · postern quickstart${at} · postern az-setup${at} · postern --help`,
    '',
  ].join('\n');
}
