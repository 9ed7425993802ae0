"""Writes the 8x8 digits of scikit-learn as IDX files, for the environment `Digits` of the crate `envs`.

    python3 -m venv /tmp/golden && /tmp/golden/bin/pip install scikit-learn
    /tmp/golden/bin/python scripts/golden/digits.py

writes envs/data/digits-images-idx3-ubyte (1797 x 8 x 8 bytes, 0 to 16) and envs/data/digits-labels-idx1-ubyte (1797 bytes,
0 to 9), in the order in which scikit-learn has them. It refuses to write anything but the data of the committed files.
"""

import hashlib
import struct
import sys
from pathlib import Path

from sklearn.datasets import load_digits

DATA = Path(__file__).resolve().parents[2] / "envs" / "data"
SHA256 = {
    "digits-images-idx3-ubyte": "359cd13f0f514122884198b78a131df597421cbf5e93a76678fa96fc548f0d96",
    "digits-labels-idx1-ubyte": "ce71631c1f31ce56fa54f31d1d498fafacff59b001e6c30c4a5e29508aa277ad",
}


def main():
    digits = load_digits()
    write("digits-images-idx3-ubyte", digits.images)
    write("digits-labels-idx1-ubyte", digits.target)


def write(name, array):
    """Writes `array`, whose elements are whole numbers from 0 to 255, as an IDX file of bytes."""
    numbers = array.astype("uint8")
    if not (numbers == array).all():
        sys.exit(f"{name}: scikit-learn's numbers are not bytes any more")
    data = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + numbers.tobytes()
    if hashlib.sha256(data).hexdigest() != SHA256[name]:
        sys.exit(f"{name}: scikit-learn's data is not what it was")
    DATA.mkdir(exist_ok=True)
    (DATA / name).write_bytes(data)


if __name__ == "__main__":
    main()
