import type { RegisterCommand } from './CommandContext.js';

/** A command in the help; its modules are imported only if it is the requested one. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** The last line of its help. */
  readonly example?: string;
  readonly load: () => Promise<RegisterCommand>;
  /** It describes all commands, so all are loaded with it. */
  readonly needsAll?: boolean;
}

export interface CommandGroup extends Pick<CommandEntry, 'name' | 'description' | 'example'> {
  readonly commands: readonly CommandEntry[];
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly (CommandEntry | CommandGroup)[] = [
  {
    name: 'classify',
    description: 'Classify pictures (JPEG, PNG, WebP, AVIF).',
    load: async () => (await import('./registerClassify.js')).registerClassify,
  },
  {
    name: 'replay',
    description: 'Classify every camera image of rosbag2 recordings (folders, .mcap or .db3), one or many.',
    example: 'effvit replay bags/signs_drive --threads 2 --output results.mcap',
    load: async () => (await import('./registerReplay.js')).registerReplay,
  },
  {
    name: 'eval',
    description: 'Measure top-1 and top-5 on labelled pictures, or on labelled recordings.',
    example: 'effvit eval heldout/list.txt --threads 2',
    load: async () => (await import('./registerEval.js')).registerEval,
  },
  {
    name: 'merge',
    description: 'Merge the results that replay or eval left of many bags into one report.',
    example: 'effvit merge results @bags.txt',
    load: async () => (await import('./registerMerge.js')).registerMerge,
  },
  {
    name: 'model',
    description: 'Build, get, list and inspect models.',
    example: 'effvit model list',
    commands: [
      {
        name: 'build',
        description: "Write the ONNX graph of EfficientViT (MSRA) from timm's weights.",
        example: 'effvit model build efficientvit_m5 --weights model.safetensors --output m5.onnx',
        load: async () => (await import('./registerModelBuild.js')).registerModelBuild,
      },
      {
        name: 'pull',
        description: "Get a model's files into the user's cache, check them, and build the ONNX file.",
        load: async () => (await import('./registerModelPull.js')).registerModelPull,
      },
      {
        name: 'import',
        description:
          "Take a classification of TROS's nodes (a workconfig: model file, class list) among the models.",
        example:
          'effvit model import /opt/tros/humble/lib/dnn_node_example/config/mobilenetv2workconfig.json',
        load: async () => (await import('./registerModelImport.js')).registerModelImport,
      },
      {
        name: 'list',
        description:
          'List the models that are known, their files, where they are, their checksums and licences.',
        example: 'effvit model list',
        load: async () => (await import('./registerModelList.js')).registerModelList,
      },
      {
        name: 'info',
        description:
          "Say what a model file holds: .onnx, .ort, .safetensors, PyTorch weights, a vendor's .bin.",
        example: 'effvit model info EfficientViT_m5_224x224_nv12.bin',
        load: async () => (await import('./registerModelInfo.js')).registerModelInfo,
      },
    ],
  },
  {
    name: 'bench',
    description: 'Measure latency and frames a second for several numbers of threads.',
    load: async () => (await import('./registerBench.js')).registerBench,
  },
  {
    name: 'doctor',
    description: 'Look at this machine: Node.js, ROS, middleware, BPU, models, CPU.',
    example: 'effvit doctor --camera 1280x720',
    load: async () => (await import('./registerDoctor.js')).registerDoctor,
  },
  {
    name: 'quantize',
    description:
      "Quantise a float ONNX model by the vendor compiler's yaml, and hold it against the float model.",
    example:
      'effvit quantize config/efficientvit_m5.yaml --model efficientvit_m5_signs --calibration bags/signs_drive',
    load: async () => (await import('./registerQuantize.js')).registerQuantize,
  },
  {
    name: 'compile',
    description:
      "Compile a float model for the BPU of an RDK X5 by the vendor's compiler (effvit toolchain install).",
    load: async () => (await import('./registerCompile.js')).registerCompile,
  },
  {
    name: 'toolchain',
    description: "The vendor's compiler for the RDK X5, which `effvit compile` drives: get it, look at it.",
    example: 'effvit toolchain install',
    commands: [
      {
        name: 'install',
        description: 'Install it into a private Python in the cache folder; resumes where it stopped.',
        load: async () => (await import('./registerToolchain.js')).registerInstall,
      },
      {
        name: 'status',
        description: 'Say whether it is installed, and where; exit code 1 where it cannot be used.',
        example: 'effvit toolchain status',
        load: async () => (await import('./registerToolchain.js')).registerStatus,
      },
    ],
  },
  {
    name: 'node',
    description: 'Run the managed ROS 2 node; it waits for the transitions configure and activate.',
    example: 'effvit node --autostart --ros-args -p threads:=2 -r image:=/camera/image_raw',
    load: async () => (await import('./registerNode.js')).registerNode,
  },
  {
    name: 'play',
    description: "Publish a recording's messages on live ROS topics, at their own pace.",
    example: 'effvit play bags/signs_drive --rate 1',
    load: async () => (await import('./registerPlay.js')).registerPlay,
  },
  {
    name: 'top',
    description: "Watch a running node's stages, rate, drops and load.",
    example: 'effvit top /classifier',
    load: async () => (await import('./registerTop.js')).registerTop,
  },
  {
    name: 'completion',
    description: 'Print a script that completes commands, options, values, models and files in a shell.',
    load: async () => (await import('./registerCompletion.js')).registerCompletion,
    needsAll: true,
  },
];
