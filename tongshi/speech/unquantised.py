"""Kokoro's convolutions of 8 bits as convolutions of floats.

ONNX Runtime has no fast integer convolution for x86: with floats the same model speaks in less than half the time. The weights stay
8 bits in the file; the runtime works the floats out as it loads.
"""

from __future__ import annotations

from pathlib import Path


def unquantised(path: Path) -> bytes:
    """A model whose integer convolutions are float ones.

    Each was written by ONNX Runtime's dynamic quantisation as `ConvInteger`, the bias added as integers where there is one, cast to
    float, and multiplied by both scales; that chain becomes one `Conv`.

    Args:
        path: the model's file.
    """
    import onnx

    model = onnx.load(str(path))
    graph = model.graph
    constants = {one.name for one in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    users = {name: node for node in graph.node for name in node.input}
    replaced, dropped, weights = [], set(), {}
    for node in graph.node:
        if node.op_type != "ConvInteger":
            continue
        after, bias = users[node.output[0]], []
        if after.op_type == "Add":
            divided = _first(makers[after.input[1]], "Div", makers)
            bias, scales = [divided.input[0]], makers[divided.input[1]]
            dropped.add(after.name)
            after = users[after.output[0]]
        multiplied = users[after.output[0]]
        if not bias:
            scales = makers[next(name for name in multiplied.input if name != after.output[0])]
        dropped |= {after.name, multiplied.name, node.name}
        scale = next(name for name in scales.input if name in constants)
        weights.setdefault(node.input[1], _as_float(node.input[1], node.input[3], scale, onnx.helper))
        source = makers[node.input[0]].input[0]
        conv = onnx.helper.make_node("Conv", [source, node.input[1] + ":float", *bias], [multiplied.output[0]], node.name)
        conv.attribute.extend(node.attribute)
        replaced.append((node.name, conv))
    swapped = dict(replaced)
    nodes = [swapped.get(node.name, node) for node in graph.node if node.name in swapped or node.name not in dropped]
    del graph.node[:]
    graph.node.extend([one for made in weights.values() for one in made] + nodes)
    return model.SerializeToString()


def _first(node, kind: str, makers: dict):
    """The nearest node of a kind among those that a node's first inputs come from."""
    while node.op_type != kind:
        node = makers[node.input[0]]
    return node


def _as_float(name: str, zero: str, scale: str, helper) -> list:
    """Nodes that make floats of a quantised constant; the runtime folds them as it loads the model."""
    floats = [helper.make_node("Cast", [one], [one + ":cast:" + name], one + ":cast:" + name, to=1) for one in (name, zero)]
    shifted = helper.make_node("Sub", [name + ":cast:" + name, zero + ":cast:" + name], [name + ":shifted"], name + ":shifted")
    scaled = helper.make_node("Mul", [name + ":shifted", scale], [name + ":float"], name + ":float")
    return [*floats, shifted, scaled]
