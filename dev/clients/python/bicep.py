"""
Reads a Bicep file without Bicep's compiler, which no package registry has: pycep parses it, this evaluates it.

The first argument is the file, the second a JSON object of parameters. It prints one JSON object: the resources by their names
in the file, as Azure would be sent them, and the outputs. What only Azure knows stands there as its expression in angle brackets.
A name that is declared nowhere, and a property that the SDK for Event Grid does not know, end it with a message.
"""

import json
import re
import sys
from pathlib import Path

from azure.mgmt.eventgrid import models
from pycep import BicepParser
from pycep.models import BicepElement

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/group"
SDK_MODELS = {
    "Microsoft.EventGrid/systemTopics": models.SystemTopic,
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": models.EventSubscription,
}
FUNCTIONS = {
    "resource_group": lambda: {"id": GROUP, "location": "westeurope"},
    "contains": lambda container, item: item in container,
    "to_lower": lambda text: text.lower(),
    "guid": lambda *parts: f"<guid({', '.join(parts)})>",
    "unique_string": lambda *parts: "0123456789abc",
    "subscription_resource_id": lambda kind, name: f"{GROUP.rsplit('/', 2)[0]}/providers/{kind}/{name}",
}


class Unknown:
    """What a resource will be once Azure has made it."""

    def __init__(self, path):
        self.path = path


class File:
    def __init__(self, tree, given):
        self._parameters, self._given = tree["parameters"], given
        self._variables = tree.get("variables", {})
        self.resources, self.outputs = tree["resources"], tree.get("outputs", {})
        missing = [name for name, each in self._parameters.items() if each["default"] is None and name not in given]
        surplus = [name for name in given if name not in self._parameters]
        if missing or surplus:
            sys.exit(f"parameters that are not given: {missing}; that the file does not have: {surplus}")

    def value(self, it):
        if isinstance(it, BicepElement):
            return self._named(str(it))
        if isinstance(it, str):
            return re.sub(r"\$\{(.+?)\}", lambda found: plain(self.value(parsed(found[1]))), it)
        if isinstance(it, list):
            return [self.value(each) for each in it]
        if isinstance(it, dict) and "function" in it:
            arguments = [each for each in it["function"]["parameters"].values() if each is not None]
            return FUNCTIONS[it["function"]["type"]](*(plain(self.value(each)) for each in arguments))
        if isinstance(it, dict) and "operator" in it:
            return self._operation(it["operator"]["type"], it["operator"]["operands"])
        if isinstance(it, dict):
            return {key: self.value(each) for key, each in it.items()}
        return it

    def _named(self, name):
        if name in self._parameters:
            chosen = self._given.get(name, self.value(self._parameters[name]["default"]))
            allowed = [each["argument"] for each in self._parameters[name]["decorators"] if each["type"] == "allowed"]
            if allowed and chosen not in allowed[0]:
                sys.exit(f"{name} is {chosen}, which is none of {allowed[0]}")
            return chosen
        if name in self._variables:
            return self.value(self._variables[name]["value"])
        if name in self.resources:
            return Unknown(name)
        sys.exit(f"{name} is declared nowhere")

    def _operation(self, kind, operands):
        if kind == "conditional":
            return self.value(operands["true_value" if self.value(operands["condition"]) else "false_value"])
        if kind == "property_accessor":
            return accessed(self.value(operands["operand_1"]), operands["operand_2"])
        sys.exit(f"{kind} is not evaluated here")


def accessed(owner, path):
    for name in names_in(path):
        owner = Unknown(f"{owner.path}.{name}") if isinstance(owner, Unknown) else owner[name]
    return owner


def names_in(path):
    """`a.b.c` is parsed as a, and b.c as a property of it."""
    if isinstance(path, str):
        return [path]
    operands = path["operator"]["operands"]
    return names_in(operands["operand_1"]) + names_in(operands["operand_2"])


def parsed(expression):
    return BicepParser().parse(text=f"var it = {expression}")["variables"]["it"]["value"]


def plain(it):
    if isinstance(it, Unknown):
        return f"<{it.path}>"
    if isinstance(it, dict):
        return {key: plain(each) for key, each in it.items()}
    return [plain(each) for each in it] if isinstance(it, list) else it


def resource(file, name):
    it = file.resources[name]
    body = plain(file.value(it["config"]))
    around = {key: body.pop(key) for key in ("name", "parent", "scope", "dependsOn") if key in body}
    model = SDK_MODELS.get(it["type"])
    if model is not None and model.deserialize(body).serialize(keep_readonly=True) != body:
        kept = model.deserialize(body).serialize(keep_readonly=True)
        sys.exit(f"{name} has what {model.__name__} does not know.\nfile: {body}\nSDK:  {kept}")
    return {"type": it["type"], "apiVersion": it["api_version"], **around, "body": body}


def main():
    file = File(BicepParser().parse(text=Path(sys.argv[1]).read_text()), json.loads(sys.argv[2]))
    resources = {name: resource(file, name) for name in file.resources}
    outputs = {name: plain(file.value(each["value"])) for name, each in file.outputs.items()}
    print(json.dumps({"resources": resources, "outputs": outputs}))


main()
