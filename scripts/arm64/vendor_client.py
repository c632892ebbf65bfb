"""D-Robotics' own Python client of libdnn.so (pyeasy_dnn) against the fake libdnn.so of effvit's tests.

It says line by line what the client showed and what reached the fake, and ends with exit code 1 where they differ.
vendor_client.py LIBDNN FOLDER
"""
import ctypes
import os
import sys

import numpy as np

library_path, folder = sys.argv[1:3]
fake = ctypes.CDLL(library_path)
fake.fakednn_get.restype = ctypes.c_int64
fake.fakednn_get.argtypes = [ctypes.c_char_p]
fake.fakednn_set.argtypes = [ctypes.c_char_p, ctypes.c_int64]
fake.fakednn_violations.restype = ctypes.c_char_p
fake.fakednn_last_nv12.restype = ctypes.c_uint32

from hobot_dnn_rdkx5 import pyeasy_dnn

failures = 0


def check(what, is_right, detail=''):
    global failures
    failures += 0 if is_right else 1
    print(f"{'ok' if is_right else 'WRONG'}: {what}{detail}", flush=True)


def get(name):
    return fake.fakednn_get(name.encode())


def expected_integers(nv12, classes):
    """The rule by which the fake makes a class's integer of the bytes of a picture."""
    place = np.arange(len(nv12))
    sums = np.zeros(classes, np.uint64)
    np.add.at(sums, place % classes, nv12.astype(np.uint64) * (1 + place % 97).astype(np.uint64))
    return (sums % 128).astype(np.int64) - 64


def write_model():
    path = os.path.join(folder, 'fake.bin')
    with open(path, 'wb') as file:
        file.write(bytes([0x08, 0x01, 0x10, 0x01, 0x2A, 0x80, 0x08]))
        file.write(b'build options: --march bayes-e --O3\0' + bytes([7]) * 900)
    return path


def try_model(title, settings, seed):
    fake.fakednn_reset()
    for name, value in settings.items():
        if fake.fakednn_set(name.encode(), value) != 0:
            sys.exit(f'the fake has no setting {name}')
    width, height, classes = get('width'), get('height'), get('classes')
    models = pyeasy_dnn.load(write_model())
    model = models[0]
    shapes = [tuple(one.properties.shape) for one in model.inputs]
    check(f'{title}: one model, its input and {len(model.outputs)} outputs', len(models) == 1, f' {shapes}')
    nv12 = np.random.default_rng(seed).integers(0, 256, width * height * 3 // 2, dtype=np.uint8)
    outputs = model.forward(nv12)
    seen = (ctypes.c_uint8 * len(nv12))()
    count = fake.fakednn_last_nv12(seen, len(nv12))
    equal = int((np.frombuffer(seen, np.uint8) == nv12).sum())
    check(f'{title}: the NV12 arrives', count == len(nv12) and equal == len(nv12), f' {equal} of {len(nv12)} bytes')
    integers = expected_integers(nv12, classes)
    factor = {'float32': 1 / 4, 'int32': 10000, 'int16': 100, 'int8': 1}[str(outputs[0].buffer.dtype)]
    answer = outputs[0].buffer.ravel()[:classes]
    same = int((answer == integers * factor).sum())
    check(f'{title}: the answer comes back', same == classes, f' {same} of {classes} {outputs[0].buffer.dtype}')
    violations = fake.fakednn_violations().decode().strip()
    check(f'{title}: nothing that the fake minds', violations == '', f' {violations}')


try_model('224x224', {}, 1)
try_model('224x224, rows of 256 that the client packs', {'row_stride': 256}, 2)
try_model('224x224, Y and UV apart', {'input_type': 2}, 3)
try_model('int8', {'output_type': 8}, 4)
try_model('int16', {'output_type': 11}, 5)
try_model('int32', {'output_type': 14}, 6)
sys.exit(1 if failures > 0 else 0)
