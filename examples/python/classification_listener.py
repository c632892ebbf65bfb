#!/usr/bin/env python3
"""Prints what the classifier sees: python3 examples/python/classification_listener.py"""
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from vision_msgs.msg import Classification


class ClassificationListener(Node):
    def __init__(self):
        super().__init__('classification_listener')
        self.create_subscription(Classification, 'classification', self.on_classification, 10)

    def on_classification(self, message):
        if not message.results:
            return  # every score was below score_threshold
        best = message.results[0]
        stamp = message.header.stamp
        print(f'{stamp.sec}.{stamp.nanosec:09d} {best.class_id} {best.score:.3f}', flush=True)


def main():
    rclpy.init()
    try:
        rclpy.spin(ClassificationListener())
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
