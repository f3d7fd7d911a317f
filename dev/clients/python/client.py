"""
The emulated Azure as the Azure SDKs for Python see it.

The first argument names a scenario, the second is a JSON object with what it needs. Every step prints a line of JSON: its
name, and what the SDK made of the answer, in the words of the wire. An answer that the SDK cannot use ends it with a traceback.
"""

import json
import os
import sys
import time

from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.identity import CertificateCredential, ClientSecretCredential, WorkloadIdentityCredential
from azure.mgmt.datafactory import DataFactoryManagementClient
from azure.mgmt.datafactory import models as factory_models
from azure.mgmt.synapse import SynapseManagementClient
from azure.mgmt.synapse import models as synapse_models

RUNTIME = "Runtime"
NETWORK = "default"
IN_NETWORK = {"type": "ManagedVirtualNetworkReference", "referenceName": NETWORK}
# What is switched or accepted takes the emulator a moment; the SDKs ask every 30 s unless told.
QUICKLY = {"polling_interval": 0.2}
PATIENCE_SECONDS = 60
CREDENTIALS = {
    "client_secret": ClientSecretCredential,
    "certificate_path": CertificateCredential,
    "token_file_path": WorkloadIdentityCredential,
}


class Factory:
    """Integration runtimes of a factory: `azure-mgmt-datafactory`, whose writes are done when they are answered."""

    def __init__(self, client, group, name):
        self._at = (group, name)
        self._factories = client.factories
        self._runtimes = client.integration_runtimes
        self._authoring = client.integration_runtime

    def parent(self):
        return self._factories.get(*self._at)

    def put(self, location, etag=None, network=None):
        properties = factory_models.ManagedIntegrationRuntime(
            # This SDK does not send the type by itself.
            type="Managed",
            type_properties=factory_models.ManagedIntegrationRuntimeTypeProperties(
                compute_properties=factory_models.IntegrationRuntimeComputeProperties(location=location)
            ),
            managed_virtual_network=network and factory_models.ManagedVirtualNetworkReference(network),
        )
        resource = factory_models.IntegrationRuntimeResource(properties=properties)
        condition = {} if etag is None else {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        return self._runtimes.create_or_update(*self._at, RUNTIME, resource, **condition)

    def get(self, unless=None):
        condition = {} if unless is None else {"etag": unless, "match_condition": MatchConditions.IfModified}
        return self._runtimes.get(*self._at, RUNTIME, **condition)

    def list(self):
        return self._runtimes.list_by_factory(*self._at)

    def status(self):
        return self._runtimes.get_status(*self._at, RUNTIME)

    def delete(self):
        self._runtimes.delete(*self._at, RUNTIME)

    def enable_authoring(self, minutes):
        request = factory_models.EnableInteractiveQueryRequest(auto_termination_minutes=minutes)
        self._authoring.begin_enable_interactive_query(*self._at, RUNTIME, request, **QUICKLY).result()

    def disable_authoring(self):
        self._authoring.begin_disable_interactive_query(*self._at, RUNTIME, **QUICKLY).result()


class Workspace:
    """Integration runtimes of a workspace: `azure-mgmt-synapse`, whose writes are accepted and then waited for."""

    def __init__(self, client, group, name):
        self._at = (group, name)
        self._workspaces = client.workspaces
        self._runtimes = client.integration_runtimes
        self._status = client.integration_runtime_status

    def parent(self):
        return self._workspaces.get(*self._at)

    def put(self, location, etag=None, network=None):
        # This SDK has no name for the network of a runtime.
        unnamed = {} if network is None else {"additional_properties": {"managedVirtualNetwork": network}}
        properties = synapse_models.ManagedIntegrationRuntime(
            compute_properties=synapse_models.IntegrationRuntimeComputeProperties(location=location), **unnamed
        )
        resource = synapse_models.IntegrationRuntimeResource(properties=properties)
        return self._runtimes.begin_create(*self._at, RUNTIME, resource, if_match=etag, **QUICKLY).result()

    def get(self, unless=None):
        return self._runtimes.get(*self._at, RUNTIME, if_none_match=unless)

    def list(self):
        return self._runtimes.list_by_workspace(*self._at)

    def status(self):
        return self._status.get(*self._at, RUNTIME)

    def delete(self):
        self._runtimes.begin_delete(*self._at, RUNTIME, **QUICKLY).result()

    def enable_authoring(self, _minutes):
        # This SDK sends no minutes.
        self._runtimes.begin_enable_interactive_query(*self._at, RUNTIME, **QUICKLY).result()

    def disable_authoring(self):
        self._runtimes.begin_disable_interactive_query(*self._at, RUNTIME, **QUICKLY).result()


def life(parent, credential):
    """A runtime from before its creation until after its deletion."""
    runtimes = runtimes_of(parent, credential)
    attempt("missing", runtimes.get)
    created = attempt("created", lambda: runtimes.put("West Europe"))
    attempt("read", runtimes.get)
    attempt("read if changed", lambda: runtimes.get(unless=created["etag"]))
    attempt("status", runtimes.status)
    attempt("updated", lambda: runtimes.put("North Europe", etag=created["etag"]))
    attempt("updated with an old etag", lambda: runtimes.put("East US", etag=created["etag"]))
    attempt("read when updated", runtimes.get)
    attempt("listed", lambda: [wire(each) for each in runtimes.list()])
    attempt("deleted", runtimes.delete)
    attempt("read when deleted", runtimes.get)
    attempt("deleted again", runtimes.delete)


def network(parent, credential):
    """A factory's managed virtual network."""
    client = client_of(parent, credential)
    at = (parent["resourceGroup"], parent["name"])
    networks = client.managed_virtual_networks
    resource = factory_models.ManagedVirtualNetworkResource(properties=factory_models.ManagedVirtualNetwork())
    attempt("missing", lambda: networks.get(*at, NETWORK))
    attempt("created", lambda: networks.create_or_update(*at, NETWORK, resource))
    attempt("read", lambda: networks.get(*at, NETWORK))
    attempt("listed", lambda: [wire(each) for each in networks.list_by_factory(*at)])


def authoring(parent, credential):
    """Interactive authoring of a runtime in a managed virtual network, which is there."""
    runtimes = runtimes_of(parent, credential)
    attempt("parent", runtimes.parent)
    attempt("created", lambda: runtimes.put("AutoResolve", network=IN_NETWORK))
    attempt("enabled too early", lambda: runtimes.enable_authoring(10))
    until_online(runtimes)
    attempt("enabled", lambda: runtimes.enable_authoring(10))
    attempt("status when enabled", runtimes.status)
    attempt("disabled", runtimes.disable_authoring)
    attempt("status when disabled", runtimes.status)


def until_online(runtimes):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while wire(runtimes.status())["properties"]["state"] != "Online":
        if time.monotonic() > deadline:
            raise TimeoutError(f"the runtime is not Online after {PATIENCE_SECONDS} s")
        time.sleep(0.1)


def lists(attempts):
    """Who may list what: each attempt has a parent, a credential, and a name."""
    for each in attempts:
        runtimes = runtimes_of(each["parent"], each["credential"])
        attempt(each["name"], lambda: [wire(one) for one in runtimes.list()])


def client_of(parent, credential):
    client = DataFactoryManagementClient if parent["kind"] == "factory" else SynapseManagementClient
    return client(credential_of(credential), parent["subscriptionId"], base_url=os.environ["ARM_ENDPOINT"])


def runtimes_of(parent, credential):
    adapter = Factory if parent["kind"] == "factory" else Workspace
    return adapter(client_of(parent, credential), parent["resourceGroup"], parent["name"])


def credential_of(given):
    """By the proof that is given. The authority is that of AZURE_AUTHORITY_HOST."""
    proof = next(each for each in CREDENTIALS if each in given)
    return CREDENTIALS[proof](**given, disable_instance_discovery=True)


def attempt(step, call):
    """Prints how a call went, and returns what it did, in the words of the wire; None after an error of the SDK."""
    try:
        result = wire(call())
        print(json.dumps({"step": step, "result": result}), flush=True)
        return result
    except AzureError as error:
        print(json.dumps({"step": step, "error": described(error)}), flush=True)
        return None


def described(error):
    """What programs catch and look at."""
    detail = getattr(error, "error", None)
    return {
        "class": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "code": getattr(detail, "code", None),
        "message": error.message,
    }


def wire(model):
    if hasattr(model, "serialize"):
        return model.serialize(keep_readonly=True)
    return model.as_dict() if hasattr(model, "as_dict") else model


if __name__ == "__main__":
    scenarios = {each.__name__: each for each in (life, network, authoring, lists)}
    scenarios[sys.argv[1]](**json.loads(sys.argv[2]))
