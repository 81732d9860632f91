"""The registry owner's side of a private endpoint by the Azure SDK for Python, in a machine that knows nothing of Postern.

The service principal is given by AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; the registry by REGISTRY in group rg, with one pending connection.
"""

import os
import time

from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.containerregistry import ContainerRegistryManagementClient
from azure.mgmt.privatedns import PrivateDnsManagementClient
from msal import ConfidentialClientApplication


class Credential:
    """What azure-identity's ClientSecretCredential is over MSAL; az's environment has MSAL and not that package."""

    def __init__(self):
        authority = f"https://login.microsoftonline.com/{os.environ['AZURE_TENANT_ID']}"
        self.app = ConfidentialClientApplication(os.environ["AZURE_CLIENT_ID"], os.environ["AZURE_CLIENT_SECRET"], authority=authority)

    def get_token(self, *scopes, **_):
        answer = self.app.acquire_token_for_client(list(scopes))
        return AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])


group, registry = "rg", os.environ["REGISTRY"]
credential = Credential()
registries = ContainerRegistryManagementClient(credential, os.environ["SUBSCRIPTION_ID"])
names = PrivateDnsManagementClient(credential, os.environ["SUBSCRIPTION_ID"])


def state():
    (connection,) = registries.private_endpoint_connections.list(group, registry)
    return connection, connection.private_link_service_connection_state.status


def decide(status):
    connection, _ = state()
    connection.private_link_service_connection_state.status = status
    connection.private_link_service_connection_state.description = f"{status} by the SDK"
    return registries.private_endpoint_connections.begin_create_or_update(group, registry, connection.name, connection).result()


connection, status = state()
assert status == "Pending", status
assert connection.private_link_service_connection_state.description == "please", connection
assert decide("Approved").private_link_service_connection_state.status == "Approved"
assert decide("Rejected").private_link_service_connection_state.description == "Rejected by the SDK"
assert decide("Approved").provisioning_state == "Succeeded"

usages = {usage.name: usage for usage in registries.registries.list_usages(group, registry).value}
assert usages["PrivateEndpointConnections"].current_value == 1, usages["PrivateEndpointConnections"]
assert usages["PrivateEndpointConnections"].limit == 200

try:
    registries.registries.get(group, "nosuchregistry")
    raise AssertionError("a registry that is not there was found")
except ResourceNotFoundError as error:
    assert error.error.code == "ResourceNotFound", error
try:
    registries.registries.begin_delete(group, registry).result()
    raise AssertionError("a registry with a private endpoint was deleted")
except HttpResponseError as error:
    assert error.status_code == 409 and "private endpoint" in error.message, error

zones = [zone.name for zone in names.private_zones.list_by_resource_group(group)]
assert zones == ["privatelink.azurecr.io"], zones
records = [record.name for page in names.record_sets.list_by_type(group, zones[0], "A", top=1).by_page() for record in page]
assert f"{registry}" in records and f"{registry}.westeurope.data" in records, records
connection, _ = state()
registries.private_endpoint_connections.begin_delete(group, registry, connection.name).result()
assert list(registries.private_endpoint_connections.list(group, registry)) == []
print("the owner's side held")
