class PythonLaunchDescriptionSource:
    def __init__(self, launch_file_path):
        self.path = launch_file_path
