# The interface generators that a package with rosidl_generate_interfaces() runs. The wheels hold every generator
# but not this package, which only names them (in ROS it is generated from the group rosidl_generator_packages).
include_guard(GLOBAL)

set(_effvit_generators
  rosidl_cmake
  rosidl_adapter
  rosidl_generator_type_description
  rosidl_generator_c
  rosidl_generator_cpp
  rosidl_typesupport_introspection_c
  rosidl_typesupport_introspection_cpp
  rosidl_typesupport_fastrtps_c
  rosidl_typesupport_fastrtps_cpp
  rosidl_typesupport_c
  rosidl_typesupport_cpp)

# Python type support is an extension module: without Python's headers it is left out and the rest still builds.
find_package(Python3 QUIET COMPONENTS Interpreter Development.Module NumPy)
if(Python3_Development.Module_FOUND AND Python3_NumPy_FOUND)
  list(APPEND _effvit_generators rosidl_generator_py)
else()
  message(WARNING "Python's headers or NumPy were not found: messages are built without Python type support.")
endif()

foreach(_generator ${_effvit_generators})
  find_package(${_generator} REQUIRED)
endforeach()
unset(_effvit_generators)
set(rosidl_default_generators_FOUND TRUE)
