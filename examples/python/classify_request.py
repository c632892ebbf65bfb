#!/usr/bin/env python3
"""Asks the classifier for the next frame of its camera: python3 examples/python/classify_request.py [CAMERA]"""
import sys

import rclpy
from effvit.srv import Classify


def main():
    rclpy.init()
    node = rclpy.create_node('classify_request')
    try:
        client = node.create_client(Classify, '/classifier/classify')
        if not client.wait_for_service(timeout_sec=10):
            sys.exit('There is no service /classifier/classify.')
        request = Classify.Request(camera=sys.argv[1] if len(sys.argv) > 1 else '')
        future = client.call_async(request)
        rclpy.spin_until_future_complete(node, future, timeout_sec=10)
        answer = future.result()
        if answer is None:
            sys.exit('No answer came.')
        if not answer.success:
            sys.exit(answer.message)
        for result in answer.report.results:
            print(f'{result.label} {result.score:.3f}')
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
