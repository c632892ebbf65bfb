"""Check that every keyword of the recording double's classes is one of the genuine launch packages, too."""
import importlib
import inspect
import os
import sys

DOUBLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'launchDouble')
MODULES = (
    'launch.actions',
    'launch.event_handlers',
    'launch.events',
    'launch.launch_description_sources',
    'launch.substitutions',
    'launch_ros.actions',
    'launch_ros.parameter_descriptions',
)
# Positional in the genuine ones as well, under other names.
POSITIONAL = {'event_handler', 'launch_file_path'}


def keywords(kind):
    names = set()
    for base in kind.__mro__[:-1]:
        if '__init__' in vars(base):
            names |= set(inspect.signature(base.__init__).parameters)
    return names


def classes(own):
    found = {}
    for module in map(importlib.import_module, MODULES):
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and (not own or kind.__module__ == module.__name__):
                found[module.__name__, name] = keywords(kind)
    return found


def main():
    genuine = classes(own=False)
    for name in [n for n in sys.modules if n.split('.')[0] in ('launch', 'launch_ros')]:
        del sys.modules[name]
    sys.path.insert(0, DOUBLE)
    sys.dont_write_bytecode = True
    double = classes(own=True)
    if len(double) < 15:
        sys.exit(f'only {len(double)} classes of the double were found')
    for key, names in double.items():
        if key not in genuine:
            sys.exit(f'{key} is not in the genuine package')
        unknown = names - genuine[key] - POSITIONAL
        if unknown:
            sys.exit(f'{key} does not take {sorted(unknown)} in the genuine package')
    print('agree')


main()
