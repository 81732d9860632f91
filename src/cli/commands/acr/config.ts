/** `postern acr config ...`: a registry's policies. Each is shown and patched alone, under the name that the registry's `policies` have for it. */
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { Command } from '../../command.ts';
import { UsageError } from '../../failure.ts';
import { flatten, pythonTimes } from '../../flatten.ts';
import { type Option, REGISTRY, REGISTRY_GROUP, WHAT_IF } from '../../options.ts';
import { findRegistry, REGISTRY_TYPE } from '../../resources.ts';
import { apiVersionOf } from '../../versions.ts';

interface Policy {
  readonly words: string;
  readonly property: string;
  readonly what: string;
  /** The property that holds a number of days. */
  readonly days?: string;
  /** az asks for a type that has one value. */
  readonly type?: string;
}

const POLICIES: readonly Policy[] = [
  { words: 'authentication-as-arm', property: 'azureADAuthenticationAsArmPolicy', what: 'whether tokens for Azure Resource Manager open the registry' },
  { words: 'content-trust', property: 'trustPolicy', what: 'whether signed tags are kept (content trust)' },
  { words: 'retention', property: 'retentionPolicy', what: 'how long untagged manifests are kept', days: 'days', type: 'UntaggedManifests' },
  { words: 'soft-delete', property: 'softDeletePolicy', what: 'how long deleted artifacts can be restored', days: 'retentionDays' },
];
const STATUS: Option = { name: 'status', kind: 'text', choices: ['disabled', 'enabled'], summary: 'Whether the policy is enabled.' };

function policyOf(registry: JsonObject, { property }: Policy): unknown {
  const policies = isJsonObject(registry.properties) ? registry.properties.policies : undefined;
  return pythonTimes(flatten(isJsonObject(policies) ? policies[property] : undefined));
}

export default POLICIES.flatMap((policy): Command[] => [
  {
    path: `acr config ${policy.words} show`,
    summary: `Show ${policy.what}.`,
    options: [REGISTRY, REGISTRY_GROUP],
    run: async (args, context) => {
      const path = await findRegistry(context, args.need('registry'), args.text('resource-group'));
      return policyOf(await (await context.management()).get(path, apiVersionOf(REGISTRY_TYPE)), policy);
    },
  },
  {
    path: `acr config ${policy.words} update`,
    summary: `Update ${policy.what}.`,
    options: [
      REGISTRY,
      REGISTRY_GROUP,
      STATUS,
      ...(policy.days === undefined ? [] : [{ name: 'days', kind: 'integer', placeholder: 'DAYS', summary: 'How many days.' } as const]),
      ...(policy.type === undefined ? [] : [{ name: 'type', kind: 'text', choices: [policy.type], required: true, summary: 'What is kept.' } as const]),
      WHAT_IF,
    ],
    examples: [
      `postern acr config ${policy.words} update -r myregistry --status enabled${policy.type === undefined ? '' : ` --days 30 --type ${policy.type}`}`,
    ],
    run: async (args, context) => {
      const status = args.text('status');
      const days = args.integer('days');
      if (status === undefined && days === undefined) throw new UsageError('nothing to update: give --status');
      const change = { ...(status === undefined ? {} : { status }), ...(days === undefined ? {} : { [policy.days as string]: days }) };
      const path = await findRegistry(context, args.need('registry'), args.text('resource-group'));
      const body = { properties: { policies: { [policy.property]: change } } };
      return policyOf(await (await context.management()).patch(path, apiVersionOf(REGISTRY_TYPE), body), policy);
    },
  },
]);
