"""The node by which handlers call services: a real one, as launch_ros has it, from begin() to end()."""
import threading

_serving = None


def begin(**init_options):
    """Initialise rclpy and spin a node in a thread of its own; return the node."""
    # Recording needs no ROS.
    import rclpy
    import rclpy.executors
    global _serving
    rclpy.init(**init_options)
    node = rclpy.create_node('launch_ros_double')
    executor = rclpy.executors.SingleThreadedExecutor()
    executor.add_node(node)
    spinner = threading.Thread(target=executor.spin, daemon=True)
    spinner.start()
    _serving = (node, executor, spinner)
    return node


def get_ros_node(context):
    return _serving[0]


def end():
    import rclpy
    _, executor, spinner = _serving
    executor.shutdown()
    spinner.join(timeout=5)
    rclpy.shutdown()
