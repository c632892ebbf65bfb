"""Cameras that cost next to nothing: pictures that lie in files are published as they are serialised, stamped, in turn.
The pictures go round; the last two digits of a stamp's nanoseconds say which one it was, so that an answer can be held
against what is right. With several topics their frames come evenly spaced, each at the rate. Prints what was sent.

usage: cameras.py TOPICS raw|FORMAT ENCODING WIDTH HEIGHT STEP HZ SECONDS FILE ...
TOPICS: by commas. FORMAT: of a sensor_msgs/CompressedImage, whose data the files then are.
"""
import ctypes
import struct
import sys
import time

import rclpy
from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image

STAMP_BYTE = 4  # behind the encapsulation
topics, kind, encoding, width, height, step, hz, seconds, *files = sys.argv[1:]
rclpy.init()
node = rclpy.create_node('bench_cameras')
publishers = [
    node.create_publisher(Image if kind == 'raw' else CompressedImage, topic, qos_profile_sensor_data)
    for topic in topics.split(',')
]


def serialised(path):
    with open(path, 'rb') as file:
        data = file.read()
    if kind == 'raw':
        message = Image(width=int(width), height=int(height), encoding=encoding, step=int(step))
    else:
        message = CompressedImage(format=kind)
    message.header.frame_id = 'camera'
    message.data = data
    return serialize_message(message)


messages = [serialised(path) for path in files]
# rclpy publishes bytes, and a copy of them for each stamp would cost more than all else here: they are changed in place.
stamps = [id(message) + bytes.__basicsize__ - 1 + STAMP_BYTE for message in messages]
limit = time.monotonic() + 30
while any(publisher.get_subscription_count() == 0 for publisher in publishers) and time.monotonic() < limit:
    time.sleep(0.05)
time.sleep(0.3)
rate = float(hz) * len(publishers)
sent = 0
began = time.monotonic()
cpu = time.process_time()
while time.monotonic() - began < float(seconds):
    now = time.time_ns()
    picture = sent % len(messages)
    nanosec = now % 1_000_000_000 // 100 * 100 + picture
    ctypes.memmove(stamps[picture], struct.pack('<iI', now // 1_000_000_000, nanosec), 8)
    publishers[sent % len(publishers)].publish(messages[picture])
    sent += 1
    left = began + sent / rate - time.monotonic()
    if left > 0:
        time.sleep(left)
took = time.monotonic() - began
print('sent', sent, 'in', round(took, 2), 's, cpu ms/frame', round((time.process_time() - cpu) * 1e3 / sent, 3), flush=True)
