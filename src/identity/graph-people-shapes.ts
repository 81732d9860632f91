/** How the directory's plane shows users and groups: what Graph shows without `$select`, in its order. Pure. */
import type { JsonObject } from '#base/json.ts';
import type { GroupRecord } from '#store/people.ts';
import type { User } from './people.ts';

export function presentUser({ objectId, displayName, upn }: User): JsonObject {
  return {
    id: objectId,
    businessPhones: [],
    displayName,
    givenName: null,
    jobTitle: null,
    mail: null,
    mobilePhone: null,
    officeLocation: null,
    preferredLanguage: null,
    surname: null,
    userPrincipalName: upn,
  };
}

export function presentGroup({ objectId, displayName, mailNickname, description, createdAt }: GroupRecord): JsonObject {
  return {
    id: objectId,
    deletedDateTime: null,
    classification: null,
    createdDateTime: createdAt,
    description: description ?? null,
    displayName,
    groupTypes: [],
    isAssignableToRole: null,
    mail: null,
    mailEnabled: false,
    mailNickname,
    membershipRule: null,
    proxyAddresses: [],
    securityEnabled: true,
    visibility: null,
  };
}
