"""Writes test/formats/fixtures/torch: small checkpoints saved by torch itself, in both container formats, and the
values that they hold (expected.json). Made with torch 1.13; run it again only to add a case.

    python3 scripts/torch_fixtures.py && npx biome check --write test/formats/fixtures
"""
import json
import os
from collections import OrderedDict

import torch
from torch import nn

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "test", "formats", "fixtures", "torch")


class BinaryConv(nn.Module):
    """Names its parameter as AWNAS's BinaryConv2d does and keeps what a real module keeps: options, a device, a set."""

    def __init__(self, channels_in, channels_out):
        super().__init__()
        self.full_precision = nn.Parameter(values(channels_out, channels_in, 3, 3, start=7))
        self.options = {"stride": (1, 1), "names": {"a", "b"}, "scale": 0.5, "act": torch.nn.functional.relu}
        self.device = torch.device("cpu")
        self.shape = self.full_precision.shape
        self.dtype = torch.float32


class Cell(nn.Module):
    def __init__(self):
        super().__init__()
        self.edge_mod = nn.ModuleDict({"f_0_t_1-xnor_resnet_block-0": BinaryConv(2, 3)})
        self.shared = self.edge_mod["f_0_t_1-xnor_resnet_block-0"]
        self.register_buffer("offsets", values(3, start=100))
        self.register_buffer("scratch", values(2, start=200), persistent=False)
        self.register_parameter("absent", None)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 2, 1, bias=True), nn.BatchNorm2d(2), nn.ReLU())
        self.cells = nn.ModuleList([Cell()])
        self.classifier = nn.Linear(3, 4)


def values(*shape, start=0):
    """Distinct numbers that float16 and bfloat16 hold exactly."""
    count = 1
    for size in shape:
        count *= size
    return ((torch.arange(count) + start) % 251 - 100).reshape(shape).float() / 2


def network():
    torch.manual_seed(1)
    module = Network()
    with torch.no_grad():
        for index, tensor in enumerate(list(module.parameters()) + list(module.buffers())):
            if tensor.is_floating_point():
                tensor.copy_(values(*tensor.shape, start=31 * index))
    return module


def tensors():
    """Every way a tensor can lie in its storage, and every element type."""
    base = values(4, 6, start=3)
    shared = values(40)
    return OrderedDict(
        contiguous=base,
        transposed=base.t(),
        sliced=base[1:3, ::2],
        permuted=values(2, 3, 4, 5).permute(3, 1, 0, 2),
        channels_last=values(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        first_view=shared[:12].view(3, 4),
        second_view=shared[8:20],
        last=shared[39],
        one_axis=values(5, 1, 3)[:, :, 1],
        half=values(3, 5).half(),
        half_transposed=values(3, 5).half().t(),
        bfloat16=values(7).bfloat16(),
        double=values(2, 2).double(),
        empty=torch.zeros(0, 3),
        parameter=nn.Parameter(values(2, 3)),
        num_batches_tracked=torch.tensor(12),
    )


def optimizer_checkpoint():
    module = network()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    sum(parameter.sum() for parameter in module.parameters()).backward()
    optimizer.step()
    return {"epoch": 7, "arch": "net", "state_dict": module.state_dict(), "optimizer": optimizer.state_dict()}


def save(name, value, expected, **options):
    os.makedirs(FOLDER, exist_ok=True)
    for container, is_zip in (("zip", True), ("legacy", False)):
        path = os.path.join(FOLDER, "{}.{}.pt".format(name, container))
        torch.save(value, path, _use_new_zipfile_serialization=is_zip, **options)
    return {
        key: {"shape": list(tensor.shape), "data": tensor.detach().double().contiguous().flatten().tolist()}
        for key, tensor in expected.items()
        if tensor.is_floating_point()
    }


def without_source(cls):
    """The legacy format stores the source text of every module class; a line in its place keeps the files small."""
    return ["class {}: ...\n".format(cls.__name__)], 0, "network.py"


def main():
    torch.serialization.get_source_lines_and_file = without_source
    module = network()
    state = module.state_dict()
    checkpoint = optimizer_checkpoint()
    expected = {
        "state_dict": save("state_dict", state, state),
        "epoch": save("epoch", {"epoch": 3, "state_dict": state}, state),
        "optimizer": save("optimizer", checkpoint, checkpoint["state_dict"]),
        "module": save("module", module, state),
        "tensors": save("tensors", tensors(), tensors()),
    }
    for protocol in (3, 4, 5):
        expected["protocol{}".format(protocol)] = save(
            "protocol{}".format(protocol), tensors(), tensors(), pickle_protocol=protocol
        )
    expected["module4"] = save("module4", module, state, pickle_protocol=4)
    with open(os.path.join(FOLDER, "expected.json"), "w") as file:
        json.dump(expected, file, separators=(",", ":"))
        file.write("\n")


main()
