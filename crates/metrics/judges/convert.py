"""Makes the weights files of published networks, which are too large to ship and are not genlab's.

    pip install torch==2.9.0 safetensors lpips==0.1.4 torchvision==0.24.0
    python convert.py inception pt_inception-2015-12-05-6726825d.pth inception.safetensors
    python convert.py lpips lpips-alex.safetensors

The first reads the file of pytorch-fid (github.com/mseitzer/pytorch-fid, release fid_weights) and checks
its SHA-256. The second needs the packages lpips and torchvision, which fetch AlexNet's weights. Names and
values stay those of the packages' state dicts; what inference does not use is left out. The SHA-256 that is
printed is what genlab needs beside the file.
"""

import hashlib
import pathlib
import sys

import torch
from safetensors.torch import save_file

INCEPTION = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def inception(source):
    found = sha256(source)
    if found != INCEPTION:
        sys.exit(f"{source} has SHA-256 {found}, not pytorch-fid's {INCEPTION}: download it again")
    state = torch.load(source, map_location="cpu", weights_only=True)
    unused = ("fc.", "AuxLogits.")
    return {k: v for k, v in state.items() if v.is_floating_point() and not k.startswith(unused)}


def perceptual():
    import lpips

    state = lpips.LPIPS(net="alex", version="0.1", verbose=False).state_dict()
    # `lins.0` is `lin0` once more, and the scaling layer holds constants.
    return {k: v for k, v in state.items() if not k.startswith(("lins.", "scaling_layer."))}


def main(arguments):
    match arguments:
        case ["inception", source, target]:
            tensors = inception(source)
        case ["lpips", target]:
            tensors = perceptual()
        case _:
            sys.exit(__doc__)
    save_file({name: tensor.float().contiguous() for name, tensor in tensors.items()}, target)
    print(f"{sha256(target)}  {target}")


if __name__ == "__main__":
    main(sys.argv[1:])
