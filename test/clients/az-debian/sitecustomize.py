"""Makes the `azure-cli` of Debian 12 (2.45) usable: that package was built against other SDKs than it was written for.

As it is, every `az network` command outside of `private-dns`, and every `az role` and `az vm` command, ends in a Python error before it sends anything. Nothing of
Postern is involved, and nothing here changes what is sent. Python imports this module at its start when PYTHONPATH names its folder.

- The CLI asks for the network models of 2022-01-01; the package has those of 2022-07-01, with their operations in a module of another name.
- For `az vm` it asks for those of 2022-11-01; there are those of 2022-08-01.
- The CLI reads `config` of the authorization operations, which the SDK has renamed to `_config`.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys

NETWORK = "2022-07-01"
COMPUTE = "2022-08-01"
OPERATIONS_ALIAS = "azure.mgmt.network.v2022_07_01.operations"
OPERATIONS = "azure.mgmt.network.operations"
PROFILES = "azure.cli.core.profiles._shared"
AUTHORIZATION = re.compile(r"azure\.mgmt\.authorization\.v\w+\.operations")


def _use_other_models(profiles):
    latest = profiles.AZURE_API_PROFILES["latest"]
    latest[profiles.ResourceType.MGMT_NETWORK] = NETWORK
    latest[profiles.ResourceType.MGMT_COMPUTE].profile[None] = COMPUTE


def _name_config(operations):
    for name, kind in vars(operations).items():
        if name.endswith("Operations") and not hasattr(kind, "config"):
            kind.config = property(lambda self: self._config)


class _Alias(importlib.abc.Loader):
    """Gives a module that has another name."""

    def create_module(self, spec):
        return importlib.import_module(OPERATIONS)

    def exec_module(self, module):
        sys.modules[OPERATIONS_ALIAS] = module


class _Mended(importlib.abc.Loader):
    """Loads a module as ever, then mends it."""

    def __init__(self, loader, mend):
        self._loader = loader
        self._mend = mend

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        self._mend(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == OPERATIONS_ALIAS:
            return importlib.machinery.ModuleSpec(name, _Alias(), is_package=True)
        mend = _use_other_models if name == PROFILES else _name_config if AUTHORIZATION.fullmatch(name) else None
        if mend is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Mended(spec.loader, mend)
        return spec


sys.meta_path.insert(0, _Finder())
