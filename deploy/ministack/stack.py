"""A deployed stack: its processed template and its physical ids."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3


class Stack:
    def __init__(self, name: str):
        self._name = name
        self._cloudformation = boto3.client("cloudformation")
        template = self._cloudformation.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
        self._resources = template["Resources"]

    def of_type(self, kind: str) -> dict[str, dict]:
        """The properties of the resources of a kind, by logical id."""
        return {name: body["Properties"] for name, body in self._resources.items() if body["Type"] == kind}

    def properties(self, logical_id: str) -> dict:
        return self._resources[logical_id]["Properties"]

    def physical_id(self, logical_id: str) -> str:
        found = self._cloudformation.describe_stack_resource(StackName=self._name, LogicalResourceId=logical_id)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def configure(self, function: str, changes: dict[str, str]) -> dict[str, str]:
        """Changes variables of a function, by its logical id. Returns the variables before."""
        name = self.physical_id(function)
        before = boto3.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        if before | changes != before:
            _configure(name, before | changes)
        return before

    @contextmanager
    def environment(self, function: str, changes: dict[str, str]) -> Iterator[None]:
        """Changes variables of a function, by its logical id, until the end of the block."""
        before = self.configure(function, changes)
        try:
            yield
        finally:
            _configure(self.physical_id(function), before)


def _configure(name: str, variables: dict[str, str]) -> None:
    lambdas = boto3.client("lambda")
    lambdas.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    lambdas.get_waiter("function_updated_v2").wait(FunctionName=name)
