"""Another ROS node, in Python, driven over its standard input: one JSON object a line in, one out.

subscribe {topic, type, reliable?, latched?}; subscribe_stamps: of images only [sec, nanosec] are kept; take {topic}: all messages since the last take;
call {service, type, request, limit_s?}; publish_cdr {topic, base64}: a message as it is serialised; advertise {topic, type, reliable?, depth?}; publish {topic, message}, where the value of a
bytes field is base64; unadvertise {topic}; subscriber_count {topic}: of anybody; matched {topic}: endpoints on the other side of what was subscribed or advertised;
stream {topic, message, hz, now?}: publishes it over and over, stamped with the time where now is true, else with the stamp's nanosec (and an HbmMsg's index) counting up from 1, until
unstream {topic}, which tells how many there were;
dump_parameters {node, file} and load_parameters {node, file}: as `ros2 param dump` and `ros2 param load` do it.
"""
import base64
import importlib
import json
import sys
import threading
import time

import rclpy
import yaml
from rclpy.parameter import parameter_dict_from_yaml_file, parameter_value_to_python
from rclpy.parameter_client import AsyncParameterClient
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy


def load(name):
    package, kind, cls = name.split('/')
    return getattr(importlib.import_module(f'{package}.{kind}'), cls)


def plain(value):
    if hasattr(value, 'get_fields_and_field_types'):
        return {field: plain(getattr(value, field)) for field in value.get_fields_and_field_types()}
    if isinstance(value, (bytes, bytearray, memoryview)) or type(value).__name__ == 'array' and value.typecode == 'B':
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, float) and value != value:
        return None  # JSON has no NaN
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return [plain(item) for item in value]


def fill(message, content):
    for field, value in content.items():
        old = getattr(message, field)
        if hasattr(old, 'get_fields_and_field_types'):
            fill(old, value)
        elif isinstance(value, dict) and 'base64' in value:
            data = base64.b64decode(value['base64'])
            if hasattr(old, 'fill'):  # an array of fixed size: what it holds beyond the data stays
                old[:len(data)] = bytearray(data)
                continue
            is_octets = message.get_fields_and_field_types()[field] == 'sequence<octet>'
            setattr(message, field, [bytes([byte]) for byte in data] if is_octets else data)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            kind = message.get_fields_and_field_types()[field]
            kind = kind[kind.find('<') + 1:kind.find('>')] if '<' in kind else kind
            package, name = kind.split('/')
            setattr(message, field, [fill(load(f'{package}/msg/{name}')(), item) for item in value])
        elif isinstance(old, float):
            setattr(message, field, float(value))  # JSON writes 1.0 as 1
        else:
            setattr(message, field, value)
    return message


def profile(request):
    reliability = ReliabilityPolicy.RELIABLE if request.get('reliable', True) else ReliabilityPolicy.BEST_EFFORT
    durability = DurabilityPolicy.TRANSIENT_LOCAL if request.get('latched') else DurabilityPolicy.VOLATILE
    return QoSProfile(depth=request.get('depth', 1000), reliability=reliability, durability=durability)


class Peer:
    def __init__(self):
        rclpy.init()
        self.node = rclpy.create_node('test_peer')
        self.taken, self.endpoints, self.clients, self.streams = {}, {}, {}, {}
        self.executor = rclpy.executors.SingleThreadedExecutor()
        self.executor.add_node(self.node)
        threading.Thread(target=self.executor.spin, daemon=True).start()

    def subscribe(self, r):
        messages = self.taken.setdefault(r['topic'], [])
        self.endpoints[r['topic']] = self.node.create_subscription(
            load(r['type']), r['topic'], messages.append, profile(r))
        return True

    def subscribe_stamps(self, r):
        stamps = self.taken.setdefault(r['topic'], [])

        def on_image(message):
            stamp = message.header.stamp if hasattr(message, 'header') else message.time_stamp
            stamps.append([stamp.sec, stamp.nanosec])

        self.endpoints[r['topic']] = self.node.create_subscription(load(r['type']), r['topic'], on_image, profile(r))
        return True

    def take(self, r):
        messages = self.taken[r['topic']]
        count = len(messages)
        found = [plain(message) for message in messages[:count]]
        del messages[:count]
        return found

    def advertise(self, r):
        end = time.time() + 30
        while True:
            try:
                self.endpoints[r['topic']] = self.node.create_publisher(load(r['type']), r['topic'], profile(r))
                return True
            except Exception as error:  # one of another type, unadvertised a moment ago, may not be gone yet
                if 'incompatible type' not in str(error) or time.time() > end:
                    raise
                time.sleep(0.1)

    def unadvertise(self, r):
        self.node.destroy_publisher(self.endpoints.pop(r['topic']))
        return True

    def publish(self, r):
        publisher = self.endpoints[r['topic']]
        publisher.publish(fill(publisher.msg_type(), r['message']))
        return True

    def publish_cdr(self, r):
        self.endpoints[r['topic']].publish(base64.b64decode(r['base64']))
        return True

    def stream(self, r):
        publisher = self.endpoints[r['topic']]
        message = fill(publisher.msg_type(), r['message'])
        end, count, period = threading.Event(), [0], 1 / r['hz']

        def run():
            due = time.monotonic()
            while not end.is_set():
                count[0] += 1
                if r.get('now'):
                    stamp = message.header.stamp
                    stamp.sec, stamp.nanosec = divmod(time.time_ns(), 1_000_000_000)
                elif hasattr(message, 'header'):
                    message.header.stamp.nanosec = count[0]
                else:
                    message.time_stamp.nanosec = message.index = count[0]
                publisher.publish(message)
                due = max(due + period, time.monotonic() - period)
                end.wait(max(0, due - time.monotonic()))

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.streams[r['topic']] = (end, thread, count)
        return True

    def unstream(self, r):
        end, thread, count = self.streams.pop(r['topic'])
        end.set()
        thread.join()
        return count[0]

    def matched(self, r):
        endpoint = self.endpoints[r['topic']]
        if hasattr(endpoint, 'get_subscription_count'):
            return endpoint.get_subscription_count()
        return self.node.count_publishers(r['topic'])

    def subscriber_count(self, r):
        return self.node.count_subscribers(r['topic'])

    def call(self, r):
        kind = load(r['type'])
        client = self.clients.setdefault(r['service'], None) or self.node.create_client(kind, r['service'])
        self.clients[r['service']] = client
        limit = r.get('limit_s', 90)
        if not client.wait_for_service(timeout_sec=min(limit, 60)):
            raise RuntimeError(f"no service {r['service']}")
        future = client.call_async(fill(kind.Request(), r['request']))
        return plain(self.answer(future, limit, r['service']))

    def answer(self, future, limit, service):
        end = time.time() + limit
        while not future.done():
            if time.time() > end:
                raise RuntimeError(f'no answer from {service}')
            time.sleep(0.005)
        return future.result()

    def parameter_client(self, node):
        client = AsyncParameterClient(self.node, node)
        if not client.wait_for_services(60):
            raise RuntimeError(f'no parameters of {node}')
        return client

    def dump_parameters(self, r):
        client = self.parameter_client(r['node'])
        names = sorted(self.answer(client.list_parameters(), 90, 'list_parameters').result.names)
        values = self.answer(client.get_parameters(names), 90, 'get_parameters').values
        tree = {}
        for name, value in zip(names, values):
            *parents, last = name.split('.')
            branch = tree
            for parent in parents:
                branch = branch.setdefault(parent, {})
            value = parameter_value_to_python(value)
            branch[last] = value if isinstance(value, (str, int, float, bool)) else list(value)
        with open(r['file'], 'w') as file:
            yaml.dump({r['node']: {'ros__parameters': tree}}, file, default_flow_style=False)
        return names

    def load_parameters(self, r):
        client = self.parameter_client(r['node'])
        # As load_parameter_file does it, which keeps the names to itself; Kilted wants the node's name.
        parameters = list(parameter_dict_from_yaml_file(r['file'], target_nodes=[r['node']]).values())
        results = self.answer(client.set_parameters(parameters), 90, 'set_parameters').results
        return {parameter.name: result.reason if not result.successful else 'done'
                for parameter, result in zip(parameters, results)}


def main():
    peer = Peer()
    print(json.dumps({'ok': 'ready'}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            print(json.dumps({'ok': getattr(peer, request['op'])(request)}), flush=True)
        except Exception as error:  # told to the test, which decides
            print(json.dumps({'error': f'{type(error).__name__}: {error}'}), flush=True)
    rclpy.try_shutdown()


if __name__ == '__main__':
    main()
