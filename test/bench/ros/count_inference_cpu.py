"""Runs a script whose ONNX Runtime sessions are counted: their runs, and the processor time that the calling thread
spends in them. See InferenceCpu.ts.

usage: count_inference_cpu.py SCRIPT [ARGUMENT ...]
"""
import os
import runpy
import struct
import sys
import threading
import time

import onnxruntime

FOLDER = os.environ['EFFVIT_BENCH_INFERENCE_TOTALS']
totals = threading.local()


class CountedSession(onnxruntime.InferenceSession):
    def run(self, *args, **options):
        began = time.thread_time()
        try:
            return super().run(*args, **options)
        finally:
            if not hasattr(totals, 'file'):
                path = os.path.join(FOLDER, f'{os.getpid()}-{threading.get_ident()}')
                totals.file = os.open(path, os.O_CREAT | os.O_WRONLY)
                totals.runs, totals.cpu_ms = 0, 0.0
            totals.runs += 1
            totals.cpu_ms += (time.thread_time() - began) * 1e3
            os.pwrite(totals.file, struct.pack('<dd', totals.runs, totals.cpu_ms), 0)


onnxruntime.InferenceSession = CountedSession
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
