/**
 * The standard messages that recordings hold, that the node publishes, or that ours build on. Field names, types and
 * order are those of the ROS packages; the comments are ours. Those of this package, of vision_msgs and of ai_msgs lie
 * in msg/ and the folders of ros/.
 */
const DEFINITIONS = `
MSG: builtin_interfaces/msg/Time
# A moment: seconds and nanoseconds since the start of its clock.
int32 sec
# Below 1e9.
uint32 nanosec
MSG: builtin_interfaces/msg/Duration
# A span of time: seconds, negative backwards, and nanoseconds that add to them.
int32 sec
# Below 1e9.
uint32 nanosec
MSG: std_msgs/msg/Header
# When data were taken, and in which frame.
builtin_interfaces/Time stamp
# Name of the coordinate frame.
string frame_id
MSG: sensor_msgs/msg/Image
# A picture without compression.
# Stamp: when it was taken; frame_id: the camera's optical frame.
std_msgs/Header header
# Rows and columns.
uint32 height
uint32 width
# One of sensor_msgs/image_encodings.
string encoding
# Byte order of channels that are wider than a byte.
uint8 is_bigendian
# Bytes from one row to the next.
uint32 step
# height times step bytes.
uint8[] data
MSG: sensor_msgs/msg/CompressedImage
# A picture in a compressed format.
# Stamp: when it was taken; frame_id: the camera's optical frame.
std_msgs/Header header
# E.g. jpeg, png, or the form that image_transport writes: "bgr8; jpeg compressed bgr8".
string format
# The picture's file.
uint8[] data
MSG: sensor_msgs/msg/RegionOfInterest
# A part of an image, in pixels.
uint32 x_offset
uint32 y_offset
uint32 height
uint32 width
# Whether the region is of a raw image and meant for the rectified one.
bool do_rectify
MSG: geometry_msgs/msg/Point32
float32 x
float32 y
float32 z
MSG: geometry_msgs/msg/Point
float64 x
float64 y
float64 z
MSG: geometry_msgs/msg/Quaternion
float64 x
float64 y
float64 z
float64 w
MSG: geometry_msgs/msg/Pose
# A place and a direction in space.
geometry_msgs/Point position
geometry_msgs/Quaternion orientation
MSG: geometry_msgs/msg/PoseWithCovariance
# A pose, and how sure it is: 6x6, by rows, of x, y, z and the turns about them.
geometry_msgs/Pose pose
float64[36] covariance
MSG: diagnostic_msgs/msg/KeyValue
# One value that is told, by its name.
string key
string value
MSG: diagnostic_msgs/msg/DiagnosticStatus
# How one part of the robot fares: 0 ok, 1 warning, 2 error, 3 stale.
byte level
# The part, and the task of it.
string name
# What is to be said of it.
string message
string hardware_id
diagnostic_msgs/KeyValue[] values
MSG: diagnostic_msgs/msg/DiagnosticArray
# How the parts of the robot fare at the moment of the stamp.
std_msgs/Header header
diagnostic_msgs/DiagnosticStatus[] status
`;

/** The definitions by full type name. */
export const STANDARD_DEFINITIONS: ReadonlyMap<string, string> = new Map(
  DEFINITIONS.split(/^MSG: /m)
    .slice(1)
    .map((part) => {
      const [type = '', ...lines] = part.split('\n');
      return [type, lines.join('\n')];
    }),
);
