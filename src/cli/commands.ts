import type { RegisterCommand } from './CommandContext.js';

/** Name and help line of a command; its modules are imported only if it is the requested one. */
export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<RegisterCommand>;
  /** It describes all commands, so all are loaded with it. */
  readonly needsAll?: boolean;
}

export interface CommandGroup {
  readonly name: string;
  readonly description: string;
  readonly example: string;
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
    load: async () => (await import('./registerReplay.js')).registerReplay,
  },
  {
    name: 'eval',
    description: 'Measure top-1 and top-5 on labelled pictures, or on labelled recordings.',
    load: async () => (await import('./registerEval.js')).registerEval,
  },
  {
    name: 'merge',
    description: 'Merge the results that replay or eval left of many bags into one report.',
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
        load: async () => (await import('./registerModelImport.js')).registerModelImport,
      },
      {
        name: 'list',
        description:
          'List the models that are known, their files, where they are, their checksums and licences.',
        load: async () => (await import('./registerModelList.js')).registerModelList,
      },
      {
        name: 'info',
        description:
          "Say what a model file holds: .onnx, .ort, .safetensors, PyTorch weights, a vendor's .bin.",
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
    load: async () => (await import('./registerDoctor.js')).registerDoctor,
  },
  {
    name: 'quantize',
    description:
      "Quantise a float ONNX model by the vendor compiler's yaml, and hold it against the float model.",
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
    load: async () => (await import('./registerToolchain.js')).registerToolchain,
  },
  {
    name: 'node',
    description: 'Run the managed ROS 2 node; it waits for the transitions configure and activate.',
    load: async () => (await import('./registerNode.js')).registerNode,
  },
  {
    name: 'play',
    description: "Publish a recording's messages on live ROS topics, at their own pace.",
    load: async () => (await import('./registerPlay.js')).registerPlay,
  },
  {
    name: 'top',
    description: "Watch a running node's stages, rate, drops and load.",
    load: async () => (await import('./registerTop.js')).registerTop,
  },
  {
    name: 'completion',
    description: 'Print a script that completes commands, options, values, models and files in a shell.',
    load: async () => (await import('./registerCompletion.js')).registerCompletion,
    needsAll: true,
  },
];
