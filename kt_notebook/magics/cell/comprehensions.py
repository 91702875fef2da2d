"""Following a comprehension: its loops, its filters and the collection it makes."""

import ast
from dataclasses import replace

from kt_notebook.magics.cell.loops import append, follow_loop, may_declare, steps_of
from kt_notebook.magics.cell.machine import Machine
from kt_notebook.magics.cell.stock import CONTENT
from kt_notebook.magics.cell.values import Abstract, Frame, Ref, Sequence, Unknown

__all__ = ["Comprehension", "comprehension", "eager"]

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def comprehension(m: Machine, node: Comprehension) -> Abstract:
    """Follow a comprehension where it stands."""
    if isinstance(node, ast.GeneratorExp) and may_declare(m, [node]):
        m.collector.add_unsettled(node, "the steps of a generator expression run when others ask for them")
        return Unknown("it is a generator expression")
    return eager(m, node)


def eager(m: Machine, node: Comprehension) -> Ref:
    """Follow a comprehension to its end and return the list it makes."""
    result = m.new_list(())
    first = m.evaluate(node.generators[0].iter)
    frame = Frame(m.number(), m.names.scopes[node], m.frame)
    outer, m.frame = m.frame, frame
    _generators(m, node, 0, first, result)
    m.frame = outer
    kind = {ast.SetComp: "set", ast.DictComp: "dict"}.get(type(node), "list")
    return replace(result, kind=kind)


def _generators(m: Machine, node: Comprehension, number: int, over: Abstract, result: Ref) -> None:
    step = node.generators[number]

    def element() -> None:
        if number + 1 < len(node.generators):
            _generators(m, node, number + 1, m.evaluate(node.generators[number + 1].iter), result)
        elif isinstance(node, ast.DictComp):
            append(m, result, Sequence((m.evaluate(node.key), m.evaluate(node.value))))
        else:
            append(m, result, m.evaluate(node.elt))

    def filtered(tests: list[ast.expr]) -> None:
        if not tests:
            element()
            return
        truth = m.truth_of(tests[0], m.evaluate(tests[0]))
        m.fork(truth, lambda: filtered(tests[1:]), lambda: None)

    def run(item: Abstract) -> None:
        m.assign(step.target, item)
        filtered(step.ifs)

    body: list[ast.AST] = [step.target, *step.ifs, *node.generators[number + 1 :]]
    body += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    steps = steps_of(m, over) if not step.is_async else Unknown("it is asynchronous")
    if isinstance(steps, Unknown):
        m.store[result.number, CONTENT] = steps
    follow_loop(m, steps, run, lambda: None, body)
