class LaunchConfiguration:
    def __init__(self, variable_name, *, default=None):
        self.variable_name = variable_name
        self.default = default

    def perform(self, context):
        value = context.launch_configurations.get(self.variable_name, self.default)
        if value is None:
            raise RuntimeError(f'launch configuration {self.variable_name!r} does not exist')
        return value
