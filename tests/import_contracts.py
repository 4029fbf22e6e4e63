"""A contract for import-linter: the named packages import the standard library and our own packages alone."""

import sys

from grimp import ImportGraph
from importlinter.application import output
from importlinter.domain import fields
from importlinter.domain.contract import Contract, ContractCheck


class StandardLibraryOnly(Contract):
    """Fails when a module of `packages` imports, directly, anything that is neither ours nor Python's."""

    type_name = "standard_library_only"

    packages = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at each import of each module of the packages."""
        ours = set(self.session_options["root_packages"])
        foreign = sorted(
            (module, imported)
            for module in graph.modules
            if module.split(".")[0] in self.packages
            for imported in graph.find_modules_directly_imported_by(module)
            if imported.split(".")[0] not in ours | sys.stdlib_module_names
        )
        return ContractCheck(kept=not foreign, metadata={"foreign": foreign})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each import that is in the way."""
        for module, imported in check.metadata["foreign"]:
            output.print_error(f"{module} imports {imported}", bold=False)
