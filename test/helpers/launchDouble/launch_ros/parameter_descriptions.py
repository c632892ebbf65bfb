class ParameterValue:
    def __init__(self, value, *, value_type=None):
        self.value = value if value_type is None else value_type(value)
