"""Print as JSON what a launch file would do: recordLaunch.py FILE [NAME:=VALUE ...], by the recording double."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'launchDouble'))
sys.dont_write_bytecode = True

from launch import record  # noqa: E402


def main():
    arguments = dict(text.split(':=', 1) for text in sys.argv[2:])
    try:
        print(json.dumps({'ok': record(sys.argv[1], arguments)}))
    except RuntimeError as error:
        print(json.dumps({'error': str(error)}))


main()
