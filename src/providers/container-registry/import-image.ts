/** POST `importImage` of a registry: whether the image may leave its registry for this one. What it consists of is the registry room's. docs/sources.md#image-import */
import type { Action, HookContext, Resource } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { z } from '#base/schema.ts';
import type { Snapshot } from '#topology/snapshot.ts';
import { keyOf, missingLinkedRight } from '../references.ts';
import { choice, resourceIdText } from '../schema-parts.ts';
import { REGISTRY_TYPE } from './private-link.ts';
import { registryPropertiesOf } from './registry-properties.ts';

const IMPORT = `${REGISTRY_TYPE}/importImage/action`;
const PULL = `${REGISTRY_TYPE}/pull/read`;

const request = z.object({
  source: z
    .object({
      resourceId: resourceIdText(REGISTRY_TYPE).nullish(),
      registryUri: z.string().min(1).max(300).nullish(),
      credentials: z.object({ username: z.string().nullish(), password: z.string().min(1) }).nullish(),
      sourceImage: z.string().min(1).max(1000),
    })
    .refine(({ resourceId, registryUri }) => (resourceId ?? undefined) !== undefined || (registryUri ?? undefined) !== undefined, {
      message: 'one of resourceId and registryUri says which registry has the image',
    }),
  targetTags: z.array(z.string().min(1).max(1000)).max(100).nullish(),
  untaggedTargetRepositories: z.array(z.string().min(1).max(1000)).max(100).nullish(),
  mode: choice('NoForce', 'Force').nullish(),
});

type Context = HookContext & { snapshot: Snapshot };

export const importImage: Action = {
  permission: IMPORT,
  request,
  async run(registry, body, context) {
    const { source, targetTags, untaggedTargetRepositories, mode } = body as z.infer<typeof request>;
    const { sourceImage, credentials } = source;
    const resourceId = await sourceIdOf(source, context);
    const from = resourceId === undefined ? undefined : await context.reader.get(keyOf(resourceId));
    // Whoever brings credentials is asked for no right of his own, nor for his tenant; of another tenant, as of nothing, nobody has any.
    if (resourceId !== undefined && !credentials && !(from && context.caller.may(PULL, from.key)))
      // By what the caller called it: the id behind a name may be another tenant's.
      throw missingLinkedRight(context.caller, { action: IMPORT, scope: registry.id }, source.resourceId ?? (source.registryUri as string), 'source', PULL);
    const untrusted = trustFault(registry);
    if (untrusted) throw untrusted;
    const closed = from && from.key !== registry.key ? (exportFault(from) ?? trustFault(from)) : undefined;
    // With credentials first they are tried: what is closed is nobody else's to know.
    if (closed && !credentials) throw closed;
    return {
      job: {
        kind: 'import-image',
        registry: registry.key,
        source: {
          sourceImage,
          ...(resourceId === undefined ? { registryUri: source.registryUri as string } : { resourceId }),
          ...(credentials ? { credentials: { username: credentials.username ?? '', password: credentials.password } } : {}),
          ...(closed ? { closed } : {}),
        },
        targetTags: targetTags ?? [],
        untaggedTargetRepositories: untaggedTargetRepositories ?? [],
        mode: mode ?? 'NoForce',
      },
      // The service tells nothing of what it imported.
      resultOf: () => undefined,
    };
  },
};

/** The id of the source where it is somebody's registry; undefined for names that are nobody's. A resource id decides over a name. */
async function sourceIdOf(source: z.infer<typeof request>['source'], { snapshot }: Context): Promise<string | undefined> {
  if (source.resourceId) return source.resourceId;
  const host = (source.registryUri ?? '')
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/+$/, '');
  const named = snapshot.names.hosts.get(host as never);
  const registry = named?.role === 'login' ? snapshot.registries.get(named.registry) : undefined;
  return registry && !registry.platform ? registry.id : undefined;
}

/** `ExportDisabled` */
function exportFault(from: Resource): Fault | undefined {
  if (registryPropertiesOf(from).policies.exportPolicy.status === 'enabled') return undefined;
  return new Fault(
    'forbidden',
    'ExportDisabled',
    `The registry '${from.name}' has exports disabled: no image leaves it by an import. Set policies.exportPolicy.status of that registry to enabled first.`,
    { target: 'source' },
  );
}

/** Imports come as a trusted service: past the rules of a network, unless the registry trusts none: `TrustedServicesNotAllowed` */
function trustFault(registry: Resource): Fault | undefined {
  const { publicNetworkAccess, networkRuleSet, networkRuleBypassOptions } = registryPropertiesOf(registry);
  const open = publicNetworkAccess === 'Enabled' && networkRuleSet.defaultAction === 'Allow';
  if (open || networkRuleBypassOptions === 'AzureServices') return undefined;
  return new Fault(
    'forbidden',
    'TrustedServicesNotAllowed',
    `The registry '${registry.name}' restricts its network and allows no trusted services; imports are one. Set networkRuleBypassOptions to AzureServices (az acr update --allow-trusted-services true) first.`,
    { target: 'source' },
  );
}
