# The node in a container of the official ROS images. NOT RUN YET: no such image could be fetched where this was written.
#
#   docker build --build-arg ROS_DISTRO=humble --tag effvit .
#   docker run --rm --network host --ipc host effvit ros2 launch effvit classifier.launch.py image_topics:=/camera/image_raw
ARG ROS_DISTRO=humble
ARG NODE_VERSION=20.20.2

FROM node:${NODE_VERSION}-bookworm-slim AS node

FROM ros:${ROS_DISTRO}-ros-base AS build
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=node /usr/local/lib/node_modules/npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
RUN apt-get update \
  && apt-get install --yes --no-install-recommends python3-colcon-common-extensions "ros-${ROS_DISTRO}-vision-msgs" \
  && rm -rf /var/lib/apt/lists/*
COPY . /workspace/src/effvit
WORKDIR /workspace
RUN . "/opt/ros/${ROS_DISTRO}/setup.sh" \
  && colcon build --packages-select effvit --merge-install --install-base /opt/effvit

FROM ros:${ROS_DISTRO}-ros-core
RUN apt-get update \
  && apt-get install --yes --no-install-recommends "ros-${ROS_DISTRO}-vision-msgs" "ros-${ROS_DISTRO}-diagnostic-msgs" \
  && rm -rf /var/lib/apt/lists/*
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=build /opt/effvit /opt/effvit
RUN useradd --create-home effvit && mkdir /cache && chown effvit /cache
USER effvit
WORKDIR /home/effvit
# Downloaded and built models; mount a volume here to keep them.
ENV EFFVIT_CACHE=/cache
VOLUME /cache
# bash -c 'SCRIPT' NAME ARGUMENTS...: sources the workspace, then becomes the command.
ENTRYPOINT ["bash", "-c", "source /opt/effvit/setup.bash && exec \"$@\"", "effvit"]
CMD ["ros2", "launch", "effvit", "classifier.launch.py"]
