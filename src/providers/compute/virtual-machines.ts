/** Microsoft.Compute/virtualMachines in ARM's shape: here a machine is a place in a network where clients run, so its interfaces and identities act, its image and size do not. */
import type { ScriptResult } from '#arm/jobs.ts';
import { type Resource, resourceType } from '#arm/resource-type.ts';
import { Fault } from '#base/fault.ts';
import { isJsonObject, type JsonObject } from '#base/json.ts';
import type { ResourceKey } from '#base/resource-id.ts';
import { z } from '#base/schema.ts';
import { configurationsOf } from '../network/address-plan.ts';
import { networkInterfaces } from '../network/network-interfaces.ts';
import { invalidReference, keyOf, linkedRight, parentKeyOf } from '../references.ts';
import { choice, propertiesSchema, resourceIdText } from '../schema-parts.ts';

interface NicReference {
  readonly id: string;
  readonly properties?: { readonly primary?: boolean; readonly deleteOption?: 'Delete' | 'Detach' };
}

function nicsOf(resource: { body: { properties: JsonObject } }): readonly NicReference[] {
  return (resource.body.properties.networkProfile as unknown as { networkInterfaces: readonly NicReference[] }).networkInterfaces;
}

const kept = z.record(z.string(), z.json());

const RUN_COMMAND = 'Microsoft.Compute/virtualMachines/runCommand/action';

/** Of all parameters of a script together: the kernel takes no longer argument (execve(2), MAX_ARG_STRLEN). */
const PARAMETER_BYTES = 128 * 1024 - 1;
/** What can be an argument of a program: no argument has a NUL. */
const argument = z.string().regex(/^[^\0]*$/, 'it holds a NUL character, which no argument can');

const runCommandRequest = z.object({
  commandId: z.string().refine((id) => id.toLowerCase() === 'runshellscript', {
    error: ({ input }) => `the command '${String(input).slice(0, 60)}' does not exist for Linux; RunShellScript does`,
  }),
  script: z.array(z.string()).optional(),
  parameters: z
    .array(z.object({ name: argument, value: argument }))
    .max(1000)
    .refine(
      (parameters) => parameters.reduce((sum, { name, value }) => sum + Buffer.byteLength(`${name}=${value}`), 0) <= PARAMETER_BYTES,
      `the parameters are longer than ${PARAMETER_BYTES} bytes together`,
    )
    .optional(),
});

/** A machine that exists runs. Azure shows this for `$expand=instanceView` only; here it always stands. */
const RUNNING: JsonObject = {
  statuses: [
    { code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded' },
    { code: 'PowerState/running', level: 'Info', displayStatus: 'VM running' },
  ],
};

export const virtualMachines = resourceType({
  type: 'Microsoft.Compute/virtualMachines',
  scope: 'resourceGroup',
  apiVersions: ['2025-04-01', '2024-07-01', '2023-03-01', '2022-03-01'],
  location: 'required',
  tags: true,
  identity: true,
  asyncOperationPath: 'location',
  name: {
    pattern: /^[A-Za-z0-9]$|^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]$/,
    message: "a machine's name has 1-64 letters, digits, '-', '_' and '.', and starts and ends with a letter or digit",
  },
  properties: propertiesSchema({
    hardwareProfile: kept.optional(),
    storageProfile: kept.optional(),
    // Passwords and start-up data are dropped, not kept: nobody logs in to a machine.
    osProfile: z.preprocess((value) => {
      if (!isJsonObject(value)) return value;
      const { adminPassword: _password, customData: _data, secrets: _secrets, ...rest } = value;
      return rest;
    }, kept.optional()),
    networkProfile: z.object({
      networkInterfaces: z
        .array(
          z.object({
            id: resourceIdText(networkInterfaces.type),
            properties: z.object({ primary: z.boolean().optional(), deleteOption: choice('Delete', 'Detach').optional() }).optional(),
          }),
        )
        .min(1),
    }),
    diagnosticsProfile: kept.optional(),
    securityProfile: kept.optional(),
    priority: choice('Regular', 'Low', 'Spot').optional(),
    licenseType: z.string().optional(),
    userData: z.string().optional(),
  }),

  async admit(draft, previous, { reader, known, caller }) {
    const faults: Fault[] = [];
    const before = new Set(previous ? nicsOf(previous).map(({ id }) => keyOf(id)) : []);
    const networks = new Set<ResourceKey>();
    const seen = new Set<ResourceKey>();
    for (const [index, { id }] of nicsOf(draft).entries()) {
      const target = `properties.networkProfile.networkInterfaces[${index}].id`;
      const key = keyOf(id);
      const nic = await known.get(key);
      if (seen.has(key)) faults.push(new Fault('invalid', 'InvalidParameter', `Network interface ${id} is given twice.`, { target }));
      seen.add(key);
      // Whoever has the interface stands in its network, and may have it deleted with the machine.
      const refused = before.has(key)
        ? undefined
        : linkedRight(
            caller,
            { action: 'Microsoft.Compute/virtualMachines/write', scope: draft.resourceId.id },
            { action: `${networkInterfaces.type}/join/action`, id },
            target,
          );
      if (refused || !nic || nic.body.location !== draft.body.location) {
        faults.push(refused ?? invalidReference(id, draft.resourceId.id, target));
        continue;
      }
      for (const { properties } of configurationsOf(nic)) networks.add(parentKeyOf(properties.subnet.id));
      const holder = (await reader.referrers(key, 'Microsoft.Compute/virtualMachines')).find((machine) => machine.key !== draft.resourceId.key);
      const by = holder?.id ?? (nic.body.properties.privateEndpoint as { id: string } | undefined)?.id;
      if (by !== undefined) {
        faults.push(
          new Fault(
            'conflict',
            'NicInUse',
            `Network Interface ${nic.id} is used by existing resource ${by}; machine '${draft.resourceId.name}' cannot have it.`,
            { target },
          ),
        );
      }
    }
    if (networks.size > 1) {
      faults.push(
        new Fault('invalid', 'SubnetsNotInSameVnet', `The network interfaces of machine '${draft.resourceId.name}' are in more than one virtual network.`, {
          target: 'properties.networkProfile.networkInterfaces',
        }),
      );
    }
    return faults;
  },

  async prepare(draft, _previous, { newGuid }) {
    return { body: draft.body, hidden: { ...draft.hidden, vmId: draft.hidden.vmId ?? newGuid() } };
  },

  facts(resource) {
    const identities = Object.keys((resource.body.identity?.userAssignedIdentities as JsonObject | undefined) ?? {});
    const system = resource.hidden.systemIdentity as { principalId: string; clientId: string } | undefined;
    return [
      {
        kind: 'machine',
        machine: resource.key,
        id: resource.id,
        name: resource.name,
        nics: nicsOf(resource).map(({ id }) => keyOf(id)),
        identities: identities.map(keyOf),
        ...(system ? { systemIdentity: system } : {}),
      },
    ];
  },

  async present(resource): Promise<JsonObject> {
    return { vmId: resource.hidden.vmId, ...resource.body.properties, instanceView: RUNNING };
  },

  /** ARM's `deleteOption`: an interface with `Delete` goes with its machine. */
  async takes(resource: Resource) {
    return nicsOf(resource)
      .filter(({ properties }) => properties?.deleteOption === 'Delete')
      .map(({ id }) => keyOf(id));
  },

  actions: {
    instanceView: {
      method: 'GET',
      permission: 'Microsoft.Compute/virtualMachines/instanceView/read',
      run: async () => ({ body: RUNNING }),
    },
    /** docs/sources.md#run-command: succeeded whatever the script's exit code was; its outputs stand in one message. */
    runCommand: {
      permission: RUN_COMMAND,
      request: runCommandRequest,
      async run(machine, request, { caller, firstTenantId }) {
        // A machine has its own network and the host's files: whoever runs a script in it is a user of the host.
        if (caller.tenantId !== firstTenantId || !caller.may(RUN_COMMAND, '/'))
          throw new Fault(
            'forbidden',
            'RunCommandNotAllowed',
            `Scripts in machines run with the rights of the user who runs this server, so '${RUN_COMMAND}' must be held at '/' of its first tenant; at '${machine.id}' it is not enough. Ask the operator, or use: postern exec --vm ${machine.name}`,
          );
        const { script = [], parameters = [] } = request as z.infer<typeof runCommandRequest>;
        return {
          job: { kind: 'run-command', machine: machine.key, script, parameters },
          resultOf(done) {
            const { stdout, stderr } = done as ScriptResult;
            const message = `Enable succeeded: \n[stdout]\n${stdout}\n[stderr]\n${stderr}`;
            return { value: [{ code: 'ProvisioningState/succeeded', level: 'Info', displayStatus: 'Provisioning succeeded', message }] };
          },
        };
      },
    },
  },

  unenforced(resource) {
    const { hardwareProfile, storageProfile, osProfile, diagnosticsProfile, securityProfile, priority, userData } = resource.body.properties;
    const settings = { hardwareProfile, storageProfile, osProfile, diagnosticsProfile, securityProfile, priority, userData };
    return Object.entries(settings)
      .filter(([, value]) => value !== undefined)
      .map(([name]) => `${name}: a machine runs what the host has, without size or image of its own`);
  },
});
