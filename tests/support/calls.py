"""Reads Python programs as a JSON list from standard input, and prints for each the calls of
`sqlflow_runtime.*` inside its step functions with their arguments, evaluated by Python's own rules.

`table("a", "b")` becomes `["a", "b"]`; other calls become their source text.
"""

import ast
import json
import sys


def value(node: ast.expr) -> object:
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "table":
            return [ast.literal_eval(part) for part in node.args]
        return ast.unparse(node)
    if isinstance(node, ast.List):
        return [value(item) for item in node.elts]
    if isinstance(node, ast.Dict):
        return {ast.literal_eval(key): value(item) for key, item in zip(node.keys, node.values)}
    return ast.literal_eval(node)


def calls(text: str) -> list[dict]:
    found = []
    for function in ast.parse(text).body:
        if not isinstance(function, ast.FunctionDef):
            continue
        for statement in function.body:
            call = statement.value
            assert call.func.value.id == "sqlflow_runtime"
            arguments = {keyword.arg: value(keyword.value) for keyword in call.keywords}
            found.append({"call": call.func.attr, "arguments": arguments})
    return found


# The pipes carry UTF-8 whatever the locale says.
programs = json.load(sys.stdin.buffer)
sys.stdout.buffer.write(json.dumps([calls(text) for text in programs]).encode())
