// Prints what the classifier sees. In a package that depends on rclcpp and vision_msgs:
//   add_executable(classification_listener classification_listener.cpp)
//   ament_target_dependencies(classification_listener rclcpp vision_msgs)
#include <cinttypes>
#include <cstdio>
#include <memory>

#include <rclcpp/rclcpp.hpp>
#include <vision_msgs/msg/classification.hpp>

class ClassificationListener : public rclcpp::Node
{
public:
  ClassificationListener()
  : Node("classification_listener")
  {
    subscription_ = create_subscription<vision_msgs::msg::Classification>(
      "classification", rclcpp::QoS(10),
      [](const vision_msgs::msg::Classification & message) {
        if (message.results.empty()) {
          return;  // every score was below score_threshold
        }
        const auto & stamp = message.header.stamp;
        // vision_msgs 4 (Humble and later): the results are ObjectHypothesis, best first.
        const auto & best = message.results.front();
        std::printf(
          "%" PRId32 ".%09" PRIu32 " %s %.3f\n",
          stamp.sec, stamp.nanosec, best.class_id.c_str(), best.score);
        std::fflush(stdout);
      });
  }

private:
  rclcpp::Subscription<vision_msgs::msg::Classification>::SharedPtr subscription_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<ClassificationListener>());
  rclcpp::shutdown();
  return 0;
}
