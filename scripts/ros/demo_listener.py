"""Another ROS node, for scripts/ros/demo.mjs: prints /classification as it receives it.

usage: demo_listener.py NODE [--start]: with --start it configures and activates NODE. Prints READY when NODE is active
and both have met; ends when its standard input does, once half a second has brought nothing new.
"""
import sys
import threading
import time

import rclpy
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.qos import DurabilityPolicy, QoSProfile
from vision_msgs.msg import Classification, LabelInfo

LIMIT_S = 120


class Listener:
    def __init__(self, target):
        rclpy.init()
        self.node = rclpy.create_node('demo_listener')
        self.target = target
        self.count = 0
        self.last = time.monotonic()
        self.names = {}
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(LabelInfo, '/label_info', self.on_labels, latched)
        self.node.create_subscription(Classification, '/classification', self.on_result, 100)

    def on_labels(self, message):
        self.names = {str(label.class_id): label.class_name for label in message.class_map}

    def on_result(self, message):
        self.count += 1
        self.last = time.monotonic()
        stamp = message.header.stamp
        best = ', '.join(
            f'{self.names.get(result.class_id, result.class_id)} {result.score:.3f}' for result in message.results[:3])
        print(f'{stamp.sec}.{stamp.nanosec:09d} {message.header.frame_id}: {best}', flush=True)

    def call(self, kind, name, request):
        client = self.node.create_client(kind, f'{self.target}/{name}')
        if not client.wait_for_service(timeout_sec=LIMIT_S):
            sys.exit(f'{self.target} did not come within {LIMIT_S} s.')
        future = client.call_async(request)
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=LIMIT_S)
        if not future.done():
            sys.exit(f'{self.target} did not answer {name} within {LIMIT_S} s.')
        return future.result()

    def start(self):
        for label in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            request = ChangeState.Request()
            request.transition.id = label
            if not self.call(ChangeState, 'change_state', request).success:
                sys.exit(f'{self.target} refused: its own message says why.')

    def wait_until_met(self):
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            state = self.call(GetState, 'get_state', GetState.Request()).current_state.id
            if state == State.PRIMARY_STATE_ACTIVE and self.node.count_publishers('/classification') > 0:
                return
            time.sleep(0.1)
        sys.exit(f'{self.target} was not active within {LIMIT_S} s.')


def main():
    listener = Listener(sys.argv[1])
    if '--start' in sys.argv:
        listener.start()
    listener.wait_until_met()
    print('READY', flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    while not ended.is_set() or time.monotonic() - listener.last < 0.5:
        rclpy.spin_once(listener.node, timeout_sec=0.1)
    print(f'{listener.count} results received by another node.', flush=True)
    listener.node.destroy_node()
    rclpy.shutdown()
    sys.exit(0 if listener.count > 0 else 1)


if __name__ == '__main__':
    main()
