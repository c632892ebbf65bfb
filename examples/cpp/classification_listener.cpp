// Prints what the classifier sees. In a package that depends on rclcpp and vision_msgs:
//   add_executable(classification_listener classification_listener.cpp)
//   ament_target_dependencies(classification_listener rclcpp vision_msgs)
#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include <rclcpp/rclcpp.hpp>
#include <vision_msgs/msg/classification.hpp>
#include <vision_msgs/msg/label_info.hpp>

class ClassificationListener : public rclcpp::Node
{
public:
  ClassificationListener()
  : Node("classification_listener")
  {
    labels_ = create_subscription<vision_msgs::msg::LabelInfo>(
      "label_info", rclcpp::QoS(1).transient_local(),
      [this](const vision_msgs::msg::LabelInfo & message) {
        for (const auto & label : message.class_map) {
          names_[std::to_string(label.class_id)] = label.class_name;
        }
      });
    subscription_ = create_subscription<vision_msgs::msg::Classification>(
      "classification", rclcpp::QoS(10),
      [this](const vision_msgs::msg::Classification & message) {
        if (message.results.empty()) {
          return;  // every score was below score_threshold
        }
        const auto & stamp = message.header.stamp;
        // vision_msgs 4 (Humble and later): the results are ObjectHypothesis, best first.
        const auto & best = message.results.front();
        const auto name = names_.find(best.class_id);
        std::printf(
          "%" PRId32 ".%09" PRIu32 " %s %.3f\n",
          stamp.sec, stamp.nanosec,
          (name == names_.end() ? best.class_id : name->second).c_str(), best.score);
        std::fflush(stdout);
      });
  }

private:
  std::map<std::string, std::string> names_;
  rclcpp::Subscription<vision_msgs::msg::LabelInfo>::SharedPtr labels_;
  rclcpp::Subscription<vision_msgs::msg::Classification>::SharedPtr subscription_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<ClassificationListener>());
  rclcpp::shutdown();
  return 0;
}
