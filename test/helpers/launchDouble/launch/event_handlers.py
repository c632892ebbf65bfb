class OnProcessStart:
    event = 'start'

    def __init__(self, *, target_action=None, on_start):
        self.target_action = target_action
        self.entities = on_start


class OnProcessExit:
    event = 'exit'

    def __init__(self, *, target_action=None, on_exit):
        self.target_action = target_action
        self.entities = on_exit
