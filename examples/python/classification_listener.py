#!/usr/bin/env python3
"""Prints what the classifier sees: python3 examples/python/classification_listener.py"""
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from vision_msgs.msg import Classification, LabelInfo


class ClassificationListener(Node):
    def __init__(self):
        super().__init__('classification_listener')
        self.names = {}
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(LabelInfo, 'label_info', self.on_labels, latched)
        self.create_subscription(Classification, 'classification', self.on_classification, 10)

    def on_labels(self, message):
        self.names = {str(label.class_id): label.class_name for label in message.class_map}

    def on_classification(self, message):
        if not message.results:
            return  # every score was below score_threshold
        best = message.results[0]
        stamp = message.header.stamp
        name = self.names.get(best.class_id, best.class_id)
        print(f'{stamp.sec}.{stamp.nanosec:09d} {name} {best.score:.3f}', flush=True)


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
