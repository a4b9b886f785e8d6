"""Evaluates expressions with Python itself, so that a test can compare.

Reads JSON from standard input: a list of [source, {name: number or null}]. Writes a list of outcomes, one for each:
  ["refused"]            Python does not accept the source, or it holds something outside the grammar
  ["unavailable"]        no value: a name without one, division by zero, overflow, a complex number, an infinity
  ["value", x, exact]    exact is false if the last bit hangs on how `**` was rounded
  ["unsteady"]           the outcome changes with the last bit of some `**`: nothing to compare
  ["too-big"]            whole numbers beyond 2**53, which Python keeps exact and doubles do not
Each source is computed twice, with its whole numbers as Python's int and as float: [as int, as float].
"""

import ast
import functools
import json
import math
import operator
import random
import sys

FUNCTIONS = {"min", "max", "sum", "avg", "abs", "round", "floor", "ceil"}
ALLOWED = (
    ast.Expression, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Name, ast.Load, ast.Constant,
    ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.USub, ast.UAdd, ast.Not, ast.And, ast.Or,
    ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Call, ast.List,
)


class Unavailable(Exception):
    pass


class TooBig(Exception):
    pass


def check(value):
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise Unavailable
    if isinstance(value, int) and abs(value) > 2**53:
        raise TooBig
    return value


class Values(dict):
    def __missing__(self, name):
        if name in GLOBALS:
            raise KeyError(name)  # looked up among the globals next
        raise Unavailable


class Rewrite(ast.NodeTransformer):
    """Calls go to the functions below, since `min` may also be a number; every result is checked."""

    def __init__(self, floats):
        self.floats = floats

    def visit_Constant(self, node):
        return ast.Constant(float(node.value)) if self.floats else node

    def visit_BinOp(self, node):
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(node.op, ast.Pow):
            return call("power", left, right)
        return call("check", ast.BinOp(left, node.op, right))

    def visit_Call(self, node):
        # The decimals of round stay whole numbers.
        args = [self.visit(node.args[0]), *node.args[1:]] if node.func.id == "round" else [
            self.visit(arg) for arg in node.args
        ]
        result = ast.Call(ast.Name("f_" + node.func.id, ast.Load()), args, [])
        return call("check", call("to_float", result) if self.floats else result)


def call(name, *args):
    return ast.Call(ast.Name("_" + name, ast.Load()), list(args), [])


nudges = None
nudged = False


def power(left, right):
    global nudged
    if isinstance(left, int) and isinstance(right, int) and abs(right) * abs(left).bit_length() > 4000:
        raise TooBig
    result = check(left**right)
    exact = right == 2 or (left == int(left) and right == int(right) and 0 <= right and abs(result) <= 2**53)
    if exact:
        return result
    nudged = True
    return check(math.nextafter(result, nudges.choice([-math.inf, math.inf]))) if nudges else result


def total(values):
    # Not the builtin: from 3.12 on it adds floats with compensation.
    return functools.reduce(operator.add, values, 0)


GLOBALS = {
    "__builtins__": {},
    "_check": check,
    "_power": power,
    "_to_float": float,
    "f_min": min,
    "f_max": max,
    "f_abs": abs,
    "f_round": round,
    "f_floor": math.floor,
    "f_ceil": math.ceil,
    "f_sum": total,
    "f_avg": lambda values: check(total(values)) / len(values),
}


def once(code, values):
    try:
        return float(check(eval(code, GLOBALS, values)))
    except (Unavailable, ZeroDivisionError, OverflowError):
        return None


def compute(tree, values, floats):
    global nudges, nudged
    rewritten = ast.fix_missing_locations(Rewrite(floats).visit(tree))
    code = compile(rewritten, "expression", "eval")
    nudges, nudged = None, False
    try:
        first = once(code, values)
        if nudged:
            nudges = random.Random(7)
            for _ in range(6):
                other = once(code, values)
                if (first is None) != (other is None):
                    return ["unsteady"]
                if first is not None and not math.isclose(first, other, rel_tol=1e-9, abs_tol=5e-324):
                    return ["unsteady"]
    except TooBig:
        return ["too-big"]
    return ["unavailable"] if first is None else ["value", first, not nudged]


def within_grammar(tree):
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            return False
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            return False
    return True


def outcome(source, numbers):
    try:
        trees = [ast.parse(source.strip(), mode="eval") for _ in range(2)]
    except (SyntaxError, ValueError):
        return [["refused"], ["refused"]]
    if not within_grammar(trees[0]):
        return [["refused"], ["refused"]]
    plain = Values({name: number for name, number in numbers.items() if number is not None})
    floats = Values({name: float(number) for name, number in plain.items()})
    return [compute(trees[0], plain, False), compute(trees[1], floats, True)]


sys.setrecursionlimit(5000)
json.dump([outcome(source, numbers) for source, numbers in json.load(sys.stdin)], sys.stdout)
