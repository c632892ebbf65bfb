"""Run the autostart of classifier.launch.py against a running node: changeStatesByLaunch.py LAUNCH_FILE NODE_NAME [WAIT]

With WAIT it finds the node's services, prints "found", and begins when it has read a line.

The launch package is the recording double; the services are called through a real rclpy node, as launch_ros does it.
"""
import importlib.util
import logging
import os
import sys
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'launchDouble'))
sys.dont_write_bytecode = True

from launch_ros import ros_adapters  # noqa: E402


def main():
    logging.basicConfig(stream=sys.stdout, format='%(levelname)s %(message)s')
    ros_node = ros_adapters.begin()
    spec = importlib.util.spec_from_file_location('classifier_launch', sys.argv[1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context = types.SimpleNamespace(is_shutdown=False)
    if len(sys.argv) > 3:
        from lifecycle_msgs.srv import ChangeState
        client = ros_node.create_client(ChangeState, f'{sys.argv[2]}/change_state')
        if not client.wait_for_service(timeout_sec=60):
            sys.exit('no node')
        print('found', flush=True)
        sys.stdin.readline()
    module._change_states(context, types.SimpleNamespace(node_name=sys.argv[2]))
    print('done', flush=True)
    ros_adapters.end()


main()
