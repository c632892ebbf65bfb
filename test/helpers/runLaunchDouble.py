"""Run a launch file by the recording double: runLaunchDouble.py FILE [NAME:=VALUE ...]

Starts the nodes that the file would start, each with the arguments and parameter files that launch_ros gives it, then
calls the file's own handlers of their start, and ends them with SIGINT as `ros2 launch` does: for machines that have
no launch package.
"""
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import types
from concurrent.futures import ThreadPoolExecutor

import rclpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'launchDouble'))
sys.dont_write_bytecode = True

import launch  # noqa: E402
import launch.actions  # noqa: E402
from launch_ros import ros_adapters  # noqa: E402


class HandlerCollector:
    """Keeps the handlers that the double only describes."""

    def __init__(self):
        self.found = []
        describe = launch.actions.RegisterEventHandler.execute

        def execute(action, context):
            self.found.append(action.handler)
            return describe(action, context)

        launch.actions.RegisterEventHandler.execute = execute


def parameter_file(folder, name, parameters):
    """Write a dictionary of parameters as launch_ros does: under the node's full name."""
    path = os.path.join(folder, f'launch_params_{len(os.listdir(folder))}')
    with open(path, 'w') as file:
        file.write(f'{name}:\n  ros__parameters:\n')
        for key, value in parameters.items():
            file.write(f'    {key}: {json.dumps(value)}\n')
    return path


def command_of(node, folder):
    namespace = f'/{node["namespace"].strip("/")}'
    name = f'{namespace.rstrip("/")}/{node["name"]}'
    files = [entry if isinstance(entry, str) else parameter_file(folder, name, entry)
             for entry in node['parameters']]
    return [node['executable'], '--ros-args', *node['rosArguments'],
            '-r', f'__node:={node["name"]}', '-r', f'__ns:={namespace}',
            *(word for path in files for word in ('--params-file', path))]


def start_context(futures, executor):
    """Return what the handlers use of a launch context."""
    return types.SimpleNamespace(
        is_shutdown=False,
        add_completion_future=futures.append,
        asyncio_loop=types.SimpleNamespace(
            run_in_executor=lambda _, function, *args: executor.submit(function, *args)),
    )


def main():
    logging.basicConfig(stream=sys.stdout, format='%(levelname)s %(message)s')
    collector = HandlerCollector()
    record = launch.record(sys.argv[1], dict(text.split(':=', 1) for text in sys.argv[2:]))

    ros_adapters.begin(args=[], signal_handler_options=rclpy.SignalHandlerOptions.NO)

    futures, children = [], []
    context = start_context(futures, ThreadPoolExecutor())

    def end(*_):
        context.is_shutdown = True
        for child in children:
            child.send_signal(signal.SIGINT)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    with tempfile.TemporaryDirectory() as folder:
        for node in record['nodes']:
            children.append(subprocess.Popen(
                command_of(node, folder), env={**os.environ, **record['environment']}))
        def emit(event):
            for handler in collector.found:
                if handler.event == event:
                    handler.entities(types.SimpleNamespace(), context)

        emit('start')
        codes = [child.wait() for child in children]
        emit('exit')
        # As launch 3.4: not idle, and no shutdown of its own, before every completion future is done.
        for future in futures:
            future.result()
    ros_adapters.end()
    sys.exit(max(map(abs, codes), default=0))


main()
