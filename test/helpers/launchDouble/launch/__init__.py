"""A recording double of the ROS 2 package launch; see the README beside it."""
import os


class LaunchDescription:
    def __init__(self, initial_entities=None):
        self.entities = list(initial_entities or [])


class LaunchContext:
    """What actions read and write while they are visited, and what they were found to do."""

    def __init__(self, arguments, environment):
        self.launch_configurations = dict(arguments)
        self.environment = dict(environment)
        self.is_shutdown = False
        self.record = {
            'arguments': [],
            'environment': {},
            'messages': [],
            'nodes': [],
            'processes': [],
            'handlers': [],
            'files': [],
        }


def record(path, arguments, environment=None):
    """Visit the launch file with these argument values; return what it would do."""
    context = LaunchContext(arguments, os.environ if environment is None else environment)
    try:
        visit_file(path, context)
    except RuntimeError as error:
        started = context.record['nodes'] + context.record['processes']
        if started:
            raise RuntimeError(f'{len(started)} processes were left running: {error}') from error
        raise
    return context.record


def visit_file(path, context):
    import importlib.util

    spec = importlib.util.spec_from_file_location('recorded_launch_file', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    context.record['files'].append(os.path.basename(path))
    visit_all(module.generate_launch_description().entities, context)


def visit_all(entities, context):
    for entity in entities:
        visit_all(entity.execute(context) or [], context)
