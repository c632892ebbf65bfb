"""Runs a console command of an installed package by its name: run_tool.py NAME ARGUMENTS..."""
import sys
from importlib.metadata import entry_points

from with_parent import end_with_parent


def main():
    end_with_parent()
    name = sys.argv[1]
    found = [one for one in entry_points(group='console_scripts') if one.name == name]
    if not found:
        sys.exit(f'No installed package has a command {name}.')
    sys.argv = sys.argv[1:]
    sys.exit(found[0].load()())


if __name__ == '__main__':
    main()
