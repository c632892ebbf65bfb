"""Holds the integers of the instruction simulator against those of the quantised model on one NV12 picture.

compareWithSimulator.py SCRIPTS QUANTIZED.onnx PICTURE.yuv SIMULATOR_FOLDER: one line of JSON: equal, count, first.
"""
import json
import os
import sys
from pathlib import Path

scripts, quantized, picture, folder = sys.argv[1:5]
sys.path.insert(0, scripts)
answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

import numpy as np
import onnx
from horizon_tc_ui import HB_ONNXRuntime

from run_quantized import yuv444

model = onnx.load(quantized)
# What goes into the last node that makes floats of integers.
last = [node for node in model.graph.node if node.op_type == 'HzDequantize'][-1]
model.graph.output.append(onnx.helper.make_tensor_value_info(last.input[0], onnx.TensorProto.INT32, None))
session = HB_ONNXRuntime(onnx_model=model, input_batch=1)
value = yuv444(np.fromfile(picture, np.uint8), 224, 224)
outputs = session.run(session.output_names, {session.input_names[0]: value}, input_offset=0)
ours = outputs[1].ravel().tolist()
(path,) = Path(folder).glob('*_int.txt')
theirs = [int(line) for line in path.read_text().splitlines() if line.strip() and not line.startswith('#')]
equal = sum(a == b for a, b in zip(ours, theirs, strict=True))
json.dump({'equal': equal, 'count': len(theirs), 'distinct': len(set(theirs))}, answers)
answers.write('\n')
