"""What other programs make of recordings: reads and writes bags with the Python packages rosbags and mcap.

    rosbagsPeer.py write FOLDER   one bag for each way of storing the same messages; prints their names as JSON
    rosbagsPeer.py read BAG       prints the messages as JSON, decoded with the definitions that the bag embeds
    rosbagsPeer.py read-mcap FILE the same with mcap-ros2-support
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
from mcap.writer import CompressionType, IndexType
from mcap.writer import Writer as PlainMcapWriter
from mcap_ros2.reader import read_ros2_messages
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

COUNT = 20
START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000

store = get_typestore(Stores.ROS2_JAZZY)


def header(i):
    stamp = store.types["builtin_interfaces/msg/Time"](sec=100 + i, nanosec=i * 1000)
    return store.types["std_msgs/msg/Header"](stamp=stamp, frame_id="camera_optical")


def image(i):
    data = (np.arange(6 * 26, dtype=np.int64) * 7 + i).astype(np.uint8)
    return store.types["sensor_msgs/msg/Image"](
        header=header(i), height=6, width=8, encoding="rgb8", is_bigendian=0, step=26, data=data
    )


def compressed(i):
    data = np.array([0xFF, 0xD8, i, 0xFF, 0xD9], dtype=np.uint8)
    return store.types["sensor_msgs/msg/CompressedImage"](
        header=header(i), format="bgr8; jpeg compressed bgr8", data=data
    )


def text(i):
    return store.types["std_msgs/msg/String"](data=f"Nachricht {i}: größer")


TOPICS = [
    ("/camera/image_raw", "sensor_msgs/msg/Image", image),
    ("/camera/image_raw/compressed", "sensor_msgs/msg/CompressedImage", compressed),
    ("/chatter", "std_msgs/msg/String", text),
]


def messages():
    for i in range(COUNT):
        for at, (topic, kind, make) in enumerate(TOPICS):
            yield topic, START_NS + i * STEP_NS + at * 1000, bytes(store.serialize_cdr(make(i), kind))


def write_rosbag2(path, storage, version, mode):
    writer = Writer(path, version=version, storage_plugin=storage)
    writer.set_compression(mode, CompressionFormat.ZSTD)
    with writer:
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store) for topic, kind, _ in TOPICS
        }
        for topic, time_ns, data in messages():
            writer.write(connections[topic], time_ns, data)


def write_mcap(path, **options):
    with path.open("wb") as stream:
        writer = PlainMcapWriter(stream, **options)
        writer.start(profile="ros2", library="peer")
        channels = {}
        for topic, kind, _ in TOPICS:
            definition, _ = store.generate_msgdef(kind, ros_version=2)
            schema = writer.register_schema(kind, "ros2msg", definition.encode())
            channels[topic] = writer.register_channel(topic, "cdr", schema)
        for sequence, (topic, time_ns, data) in enumerate(messages()):
            writer.add_message(channels[topic], time_ns, data, time_ns, sequence)
        writer.finish()


def write(folder):
    folder.mkdir(parents=True)
    names = []
    for storage in StoragePlugin:
        for version in (8, 9):
            for mode in CompressionMode:
                name = f"{storage.name}_{mode.name}_v{version}".lower()
                try:
                    write_rosbag2(folder / name, storage, version, mode)
                except Exception as error:  # rosbags refuses some combinations
                    print(f"{name}: {error}", file=sys.stderr)
                    continue
                names.append(name)
    for compression in CompressionType:
        options = {"compression": compression, "chunk_size": 2000}
        variants = {
            "indexed": {},
            "unindexed": {"index_types": IndexType.NONE, "use_summary_offsets": False},
            "bare": {
                "index_types": IndexType.NONE,
                "use_summary_offsets": False,
                "use_statistics": False,
                "repeat_schemas": False,
                "repeat_channels": False,
            },
            "unrepeated": {"repeat_schemas": False, "repeat_channels": False},
            "checked": {"enable_crcs": True, "enable_data_crcs": True},
        }
        for variant, more in variants.items():
            name = f"{compression.name}_{variant}.mcap".lower()
            write_mcap(folder / name, **options, **more)
            names.append(name)
    write_mcap(folder / "unchunked.mcap", use_chunking=False)
    names.append("unchunked.mcap")
    print(json.dumps(names))


def plain(value):
    """A message as JSON can hold it."""
    if isinstance(value, (str, bool)):
        return value
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return None if math.isnan(value) else float(value)
    if isinstance(value, (bytes, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    names = getattr(value, "__dataclass_fields__", None) or value.__slots__
    return {name: plain(getattr(value, name)) for name in names if not name.startswith("__")}


def read(path):
    with AnyReader([path]) as reader:
        found = [
            {
                "topic": connection.topic,
                "type": connection.msgtype,
                "time": str(time_ns),
                "message": plain(reader.deserialize(data, connection.msgtype)),
            }
            for connection, time_ns, data in reader.messages()
        ]
        counts = {topic: info.msgcount for topic, info in reader.topics.items()}
        qos = {
            connection.topic: len(connection.ext.offered_qos_profiles)
            for connection in reader.connections
        }
    print(json.dumps({"messages": found, "counts": counts, "qos": qos}))


def read_mcap(path):
    found = [
        {
            "topic": view.channel.topic,
            "type": view.schema.name,
            "time": str(view.log_time_ns),
            "message": plain(view.ros_msg),
        }
        for view in read_ros2_messages(str(path))
    ]
    print(json.dumps({"messages": found}))


if __name__ == "__main__":
    _, command, target = sys.argv
    {"write": write, "read": read, "read-mcap": read_mcap}[command](Path(target))
