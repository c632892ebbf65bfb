"""The `ros2` of the private prefix.

ros2cli is not on PyPI, so the prefix has no command line of its own; rclnodejs's build only wants to find a program of
this name, whose place tells it where ROS is. Where ros2cli can be imported (its sources on PYTHONPATH), this is it.
"""
import sys

try:
    from ros2cli.cli import main
except ImportError:
    sys.exit(
        'The private ROS 2 of effvit has no ros2 command line (it is not on PyPI): '
        'put the sources of ros2cli on PYTHONPATH, or install and source an official ROS 2.'
    )
sys.exit(main())
