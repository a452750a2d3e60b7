"""Writes archives with the NumPy that users have, for the reader in crates/data/src/npz.rs.

    python tests/oracles/npz.py            (NumPy 2; writes tests/oracles/fixtures/npz/)

Every archive holds the same three images of 2x4 pixels (or 3x2x4 in colour): level (i * 37) % 256 for
the i-th value in row-major order, as bytes or divided by 255.
"""

from pathlib import Path

import numpy as np

OUT = Path(__file__).parent / "fixtures" / "npz"


def levels(*shape):
    return (np.arange(np.prod(shape)) * 37 % 256).astype(np.uint8).reshape(shape)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    grey, colour = levels(3, 2, 4), levels(3, 3, 2, 4)
    floats = grey / 255
    arrays = {
        "u8": grey,
        "u8-colour": colour,
        "u8-colour-fortran": np.asfortranarray(colour),
        "f4": floats.astype("<f4"),
        "f4-big": floats.astype(">f4"),
        "f8-fortran": np.asfortranarray(floats),
        "f8-big": floats.astype(">f8"),
        "u16": grey.astype(np.uint16) * 257,
        "i64": grey.astype(np.int64),
        "f2": floats.astype(np.float16),
        "bool": grey > 127,
        "records": np.zeros(3, dtype=[("a", "u1"), ("b", "f4")]),
        "negative": (floats * 2 - 1).astype("<f4"),
        "large": floats * 255,
        "nan": np.where(grey == 37, np.nan, floats),
        "ones": (grey > 127).astype(np.uint8),
        "flat": grey.reshape(3, 8),
        "channels-last": levels(3, 2, 4, 3),
        "two-channels": levels(3, 2, 2, 4),
        "empty": levels(0, 2, 4),
    }
    for name, array in arrays.items():
        np.savez(OUT / f"{name}.npz", images=array)
    np.savez_compressed(OUT / "u8-compressed.npz", labels=np.arange(3), images=grey)
    np.savez(OUT / "other-name.npz", samples=grey, labels=np.arange(3))


main()
