"""A recording double of the ROS 2 package launch_ros; see the README beside it."""
