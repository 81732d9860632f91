/** The engine's own faults: ARM's codes and texts, which clients match on. Source: learn.microsoft.com, Azure Resource Manager, common deployment errors. */
import { Fault } from '#base/fault.ts';
import type { ResourceId } from '#base/resource-id.ts';

/** One Fault for all: the only one itself; several under one code with all their texts, and each again as a detail. */
export function combined(faults: readonly Fault[]): Fault {
  const [first] = faults;
  if (first === undefined) throw new Error('no faults to combine');
  if (faults.length === 1) return first;
  const code = faults.every((fault) => fault.code === first.code) ? first.code : 'MultipleErrorsOccurred';
  const shown = faults.slice(0, 10).map((fault) => fault.message);
  if (faults.length > shown.length) shown.push(`And ${faults.length - shown.length} more; see the details.`);
  return new Fault(first.kind, code, shown.join(' '), { details: faults });
}

export const missingApiVersion = (): Fault =>
  new Fault('invalid', 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.');

export const invalidApiVersion = (text: string): Fault =>
  new Fault(
    'invalid',
    'InvalidApiVersionParameter',
    `The api-version '${text.slice(0, 60)}' is invalid. It must be a date, YYYY-MM-DD, with '-preview' after it for a preview.`,
  );

export const invalidPath = (why: string): Fault => new Fault('invalid', 'InvalidRequestUri', `The path of the request is not valid: ${why}.`);

export const invalidNamespace = (namespace: string): Fault =>
  new Fault('notFound', 'InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid.`);

export const invalidType = (type: string, namespace: string, apiVersion: string): Fault =>
  new Fault(
    'notFound',
    'InvalidResourceType',
    `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${apiVersion}'.`,
  );

export const wrongScope = (type: string, scope: string): Fault =>
  new Fault('notFound', 'InvalidResourceType', `The resource type '${type}' does not exist at this scope: it lives at the scope '${scope}'.`);

export const methodNotAllowed = (method: string, allowed: readonly string[]): Fault =>
  new Fault('methodNotAllowed', 'MethodNotAllowed', `The method ${method} is not supported here; supported: ${allowed.join(', ')}.`, {
    headers: { allow: allowed.join(', ') },
  });

export const subscriptionNotFound = (subscription: string): Fault =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(subscription)
    ? new Fault('notFound', 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`)
    : new Fault('notFound', 'InvalidSubscriptionId', `The provided subscription identifier '${subscription}' is malformed or invalid.`);

export const groupNotFound = (group: string): Fault => new Fault('notFound', 'ResourceGroupNotFound', `Resource group '${group}' could not be found.`);

export const resourceNotFound = (id: ResourceId): Fault =>
  id.type === 'Microsoft.Resources/resourceGroups'
    ? groupNotFound(id.name)
    : new Fault(
        'notFound',
        'ResourceNotFound',
        `The Resource '${typeAndNames(id)}' ${id.resourceGroup === undefined ? '' : `under resource group '${id.resourceGroup}' `}was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`,
      );

/** A name that another tenant has at the tenant scope, whose names are one for all: GUIDs in Azure, where this cannot be met. */
export const nameTaken = (id: ResourceId): Fault =>
  new Fault('conflict', 'ResourceNameTaken', `The name '${id.name}' cannot be used for '${id.type}' here. Choose another one; a GUID of your own will do.`);

export const parentNotFound = (id: ResourceId, verb: string): Fault =>
  new Fault(
    'notFound',
    'ParentResourceNotFound',
    `Failed to perform '${verb}' on resource(s) of type '${id.type.slice(id.type.indexOf('/') + 1)}', because the parent resource '${id.parent}' could not be found.`,
  );

export const notRegistered = (namespace: string): Fault =>
  new Fault(
    'conflict',
    'MissingSubscriptionRegistration',
    `The subscription is not registered to use namespace '${namespace}'. See https://aka.ms/rps-not-found for how to register subscriptions.`,
    { target: namespace },
  );

/** `found`: whether there is such a resource, and whether the request only wanted to make a new one (`If-None-Match: *`). */
export const preconditionFailed = (id: string, found: { readonly exists: boolean; readonly toCreate: boolean }): Fault =>
  new Fault(
    'precondition',
    'PreconditionFailed',
    found.exists && found.toCreate
      ? `'${id}' exists already, and the request was to create it only if it does not (If-None-Match: *). Change it by an update, or delete it first.`
      : found.exists
        ? `The condition of the request (If-Match, If-None-Match or the body's etag) does not hold for '${id}': it exists, with another etag than the condition allows.`
        : `The condition of the request (If-Match) does not hold for '${id}': it does not exist.`,
  );

export const invalidContent = (why: string): Fault =>
  new Fault('invalid', 'InvalidRequestContent', `The request content was invalid and could not be deserialized: '${why}'.`);

export const invalidName = (name: string, type: string, message: string): Fault =>
  new Fault('invalid', 'InvalidResourceName', `The resource name '${name}' is not valid for '${type}': ${message}`, { target: 'name' });

export const locationRequired = (): Fault =>
  new Fault('invalid', 'LocationRequired', 'The location property is required for this definition.', { target: 'location' });

export const locationNotAvailable = (location: string, type: string, available: readonly string[]): Fault =>
  new Fault(
    'invalid',
    'LocationNotAvailableForResourceType',
    `The provided location '${location.slice(0, 90)}' is not available for resource type '${type}'. List of available regions for the resource type is '${available.join(',')}'.`,
    { target: 'location' },
  );

/** A resource stays where it was made; ARM has a text of its own for resource groups. */
export const locationFixed = (id: ResourceId, type: string, was: string, wanted: string): Fault =>
  type === 'Microsoft.Resources/resourceGroups'
    ? new Fault(
        'conflict',
        'InvalidResourceGroupLocation',
        `Invalid resource group location '${wanted}'. The Resource group already exists in location '${was}'.`,
        { target: 'location' },
      )
    : new Fault(
        'conflict',
        'InvalidResourceLocation',
        `The resource '${id.name}' already exists in location '${was}'${id.resourceGroup === undefined ? '' : ` in resource group '${id.resourceGroup}'`}. A resource with the same name cannot be created in location '${wanted}'. Please select a new resource name.`,
        { target: 'location' },
      );

export const propertyFixed = (path: string): Fault =>
  new Fault('conflict', 'PropertyChangeNotAllowed', `Changing property '${path}' is not allowed: it is fixed when the resource is created.`, { target: path });

/** An owner-made resource that a client wants to create. */
export const ownerMakesIt = (type: string): Fault =>
  new Fault('invalid', 'CannotCreateResource', `A resource of type '${type}' comes with the resource that needs it and cannot be created by itself.`);

export const builtInFixed = (id: string): Fault =>
  new Fault('forbidden', 'BuiltInResourceCannotBeChanged', `'${id}' is built in and cannot be changed or deleted.`);

export const noTags = (type: string): Fault => new Fault('invalid', 'ResourceTypeDoesNotSupportTags', `Resources of the type '${type}' have no tags.`);

/** One script at a time in a machine, where Azure's limits hold. docs/sources.md#run-command */
export const scriptRunning = (): Fault =>
  new Fault('conflict', 'Conflict', 'Run command extension execution is in progress. Please wait for completion before invoking a run command.');

/** docs/sources.md#group-deletion */
export const groupDeletionBlocked = (
  group: string,
  blocked: readonly { resourceId: ResourceId }[],
  outside: readonly string[],
  objections: readonly Fault[],
): Fault => {
  const names = blocked
    .map(({ resourceId }) => typeAndNames(resourceId))
    .sort()
    .join(',');
  const remedy =
    outside.length === 0
      ? ''
      : ` Delete first what depends on them from outside the group: ${outside.map((id) => `az resource delete --ids ${id}`).join('; ')}`;
  const text = `Deletion of resource group '${group}' failed as resources with identifiers '${names}' could not be deleted. The provisioning state of the resource group will be rolled back.${remedy}`;
  return new Fault('conflict', 'ResourceGroupDeletionBlocked', text, { details: objections });
};

/** Parts of ARM that people's scripts ask for and that are not here: told by name, so that nobody looks for a mistake of their own. */
export const notServed = (what: string, instead: string): Fault => new Fault('notImplemented', 'NotServed', `${what} are not served by Postern: ${instead}.`);

export const linkedNotFound = (id: string, target: string): Fault =>
  new Fault('invalid', 'LinkedResourceNotFound', `The linked resource '${id}' was not found.`, { target });

export const invalidFilter = (text: string): Fault =>
  new Fault(
    'invalid',
    'InvalidFilterInQueryString',
    `Invalid $filter '${text.slice(0, 200)}' specified in the query string: write NAME eq 'VALUE', joined by 'and'.`,
  );

export const invalidTop = (text: string): Fault =>
  new Fault(
    'invalid',
    'InvalidTopInQueryString',
    `Invalid $top '${text.slice(0, 60)}' specified in the query string: it must be a whole number from 1 to 1000.`,
  );

export const invalidSkipToken = (): Fault =>
  new Fault('invalid', 'InvalidSkipTokenInQueryString', 'The $skiptoken in the query string is not one that a nextLink of this list carried.');

/** `Microsoft.Network/virtualNetworks/vnet-app/subnets/one`: types and names in turn, as ARM's texts write a resource. */
export function typeAndNames(id: ResourceId): string {
  const [namespace = '', ...types] = id.type.split('/');
  return [namespace, ...types.flatMap((type, index) => [type, id.names[index] ?? ''])].join('/');
}
