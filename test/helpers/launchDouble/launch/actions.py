from . import visit_file


class DeclareLaunchArgument:
    def __init__(self, name, *, default_value=None, description=None, choices=None):
        self.name = name
        self.default_value = default_value
        self.description = description
        self.choices = choices

    def execute(self, context):
        context.record['arguments'].append(
            {'name': self.name, 'default': self.default_value, 'description': self.description})
        if self.name not in context.launch_configurations:
            if self.default_value is None:
                raise RuntimeError(f'Required launch argument "{self.name}" was not provided')
            context.launch_configurations[self.name] = self.default_value


class OpaqueFunction:
    def __init__(self, *, function, args=None, kwargs=None):
        self.function = function
        self.args = args or []
        self.kwargs = kwargs or {}

    def execute(self, context):
        return self.function(context, *self.args, **self.kwargs)


class LogInfo:
    def __init__(self, *, msg):
        self.msg = msg

    def execute(self, context):
        context.record['messages'].append(self.msg)


class SetEnvironmentVariable:
    def __init__(self, name, value):
        self.name = name
        self.value = value

    def execute(self, context):
        context.environment[self.name] = self.value
        context.record['environment'][self.name] = self.value


class SetLaunchConfiguration:
    def __init__(self, name, value):
        self.name = name
        self.value = value

    def execute(self, context):
        context.launch_configurations[self.name] = self.value


class IncludeLaunchDescription:
    def __init__(self, launch_description_source, *, launch_arguments=None):
        self.source = launch_description_source
        self.launch_arguments = launch_arguments or ()

    def execute(self, context):
        context.launch_configurations.update(self.launch_arguments)
        visit_file(self.source.path, context)


class EmitEvent:
    def __init__(self, *, event):
        self.event = event


class RegisterEventHandler:
    def __init__(self, event_handler):
        self.handler = event_handler

    def execute(self, context):
        def emits(is_shutdown):
            entities = self.handler.entities
            if callable(entities):
                # One that starts work of its own at the start of a process is not called here.
                if self.handler.event == 'start':
                    return []
                context.is_shutdown = is_shutdown
                entities = entities(None, context) or []
                context.is_shutdown = False
            return [type(e.event).__name__ for e in entities]

        context.record['handlers'].append({
            'on': self.handler.event,
            'target': self.handler.target_action.label,
            'emits': emits(is_shutdown=False),
            'emits_in_shutdown': emits(is_shutdown=True),
        })


class ExecuteProcess:
    def __init__(self, *, cmd, name=None, additional_env=None, output='log', respawn=False,
                 respawn_delay=None):
        self.label = name
        self.cmd = cmd
        self.output = output

    def execute(self, context):
        context.record['processes'].append(
            {'name': self.label, 'cmd': self.cmd, 'output': self.output})
