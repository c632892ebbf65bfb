"""Runs the vendor's quantised ONNX classifier, which computes with the BPU's integers: NV12 in, float32 logits out.

run_quantized.py MODEL.onnx WIDTH HEIGHT: writes one line of JSON (batch, classes) to standard output, then for each
task on standard input (`batch` NV12 pictures of WIDTH x HEIGHT x 3/2 bytes) its logits (little-endian float32), picture
by picture.
"""
import json
import os
import sys

import numpy as np

from with_parent import end_with_parent


def yuv444(nv12, width, height):
    """The format of the chip's pyramid: chroma repeated for its four pixels, minus 128, as int8."""
    luma = nv12[: width * height].reshape(height, width)
    chroma = nv12[width * height :].reshape(height // 2, width // 2, 2).repeat(2, axis=0).repeat(2, axis=1)
    return (np.dstack([luma, chroma]).astype(np.int16) - 128).astype(np.int8)[np.newaxis]


def main():
    end_with_parent()
    path, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # The packages print to standard output while they are loaded.
    answers = os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)
    from horizon_tc_ui import HB_ONNXRuntime

    session = HB_ONNXRuntime(model_file=path, input_batch=1)
    name = session.input_names[0]

    batch = session.input_shapes[0][0]
    size = width * height * 3 // 2

    def run(task):
        pictures = np.concatenate([yuv444(nv12, width, height) for nv12 in task.reshape(batch, size)])
        values = session.run(session.output_names, {name: pictures}, input_offset=0)
        return np.ascontiguousarray(values[0], dtype='<f4').ravel()

    classes = len(run(np.full(batch * size, 128, np.uint8))) // batch
    answers.write((json.dumps({'batch': batch, 'classes': classes}) + '\n').encode())
    answers.flush()
    while True:
        task = sys.stdin.buffer.read(batch * size)
        if len(task) < batch * size:
            return
        answers.write(run(np.frombuffer(task, np.uint8)).tobytes())
        answers.flush()


if __name__ == '__main__':
    main()
