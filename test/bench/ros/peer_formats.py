"""The peer for cameras that do not send rgb8, as a user of OpenCV would write it: the picture becomes bgr8 or rgb8 first.

usage: peer_formats.py jpeg|nv12 rclpy_classifier.py ARGUMENTS OF THE PEER ...
"""
import importlib.util
import sys
from types import SimpleNamespace

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage

kind, script, *arguments = sys.argv[1:]
spec = importlib.util.spec_from_file_location('peer', script)
peer = importlib.util.module_from_spec(spec)
spec.loader.exec_module(peer)
classify_raw = peer.classify


def decoded(message):
    data = np.frombuffer(message.data, np.uint8)
    if kind == 'jpeg':
        return 'bgr8', cv2.imdecode(data, cv2.IMREAD_COLOR)
    rows = data.reshape(message.height * 3 // 2, message.step)[:, : message.width]
    return 'rgb8', cv2.cvtColor(rows, cv2.COLOR_YUV2RGB_NV12)


def classify(session, message):
    encoding, picture = decoded(message)
    height, width, _ = picture.shape
    raw = SimpleNamespace(data=picture.data, encoding=encoding, height=height, width=width, step=3 * width)
    return classify_raw(session, raw)


peer.classify = classify
if kind == 'jpeg':
    peer.Image = CompressedImage
sys.argv = [script, *arguments]
peer.main()
