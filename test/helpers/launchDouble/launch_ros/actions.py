from .parameter_descriptions import ParameterValue


def _plain(parameters):
    """Return a params file as its path, a dictionary of parameters as one of plain values."""
    if isinstance(parameters, str):
        return parameters
    return {
        name: value.value if isinstance(value, ParameterValue) else value
        for name, value in parameters.items()
    }


class LifecycleNode:
    def __init__(self, *, name, namespace, executable, package=None, exec_name=None,
                 parameters=None, remappings=None, ros_arguments=None, arguments=None,
                 output='log', respawn=False, respawn_delay=None, additional_env=None):
        self.label = name
        self.node_name = f'{namespace}/{name}' if namespace.startswith('/') else (
            f'/{namespace}/{name}' if namespace else f'/{name}')
        self.record = {
            'name': name,
            'namespace': namespace,
            'executable': executable,
            'parameters': [_plain(entry) for entry in parameters or []],
            'rosArguments': ros_arguments or [],
            'output': output,
            'respawn': respawn,
            'respawnDelay': respawn_delay,
        }

    def execute(self, context):
        context.record['nodes'].append(self.record)
