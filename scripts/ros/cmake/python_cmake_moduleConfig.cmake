# rosidl_generator_py asks for python_cmake_module and its FindPythonExtra, whose variables it no longer uses on Linux:
# all it needs comes from CMake's own FindPython3.
list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
set(python_cmake_module_FOUND TRUE)
