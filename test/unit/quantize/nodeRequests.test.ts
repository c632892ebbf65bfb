import assert from 'node:assert/strict';
import { modelOutputPrecision, nodeRequests } from '../../../src/quantize/nodeRequests.js';
import { parseMakertbinConfig } from '../../../src/quantize/readMakertbinConfig.js';
import { assertRefused } from '../../helpers/assertRefused.js';
import { attentionConfig, attentionModel } from '../../helpers/attentionModel.js';

const { graph } = attentionModel();

function requestsFor(...replace: (readonly [string, string])[]): ReturnType<typeof nodeRequests> {
  return nodeRequests(parseMakertbinConfig(attentionConfig(replace), 'a.yaml'), graph);
}

describe('nodeRequests', () => {
  it('reads the forms of node_info', () => {
    assert.deepEqual(requestsFor().get('softmax'), { input: 'int16', output: 'int16' });
  });

  it('takes CPU for float, BPU alone for int8, and single inputs', () => {
    const requests = requestsFor([
      "'softmax': { 'ON': 'BPU', 'InputType': 'int16', 'OutputType': 'int16' }",
      "{softmax: {'ON': 'CPU'}, scores: {'ON': 'BPU'}, residual: {'InputType1': 'int16', 'OutputType': 'int16'}}",
    ]);
    assert.deepEqual(requests.get('softmax'), { input: 'float', output: 'float' });
    assert.deepEqual(requests.get('scores'), { input: 'int8', output: 'int8' });
    assert.deepEqual(requests.get('residual'), {
      input: 'int8',
      output: 'int16',
      inputs: new Map([[1, 'int16']]),
    });
  });

  it('reads the older keys, and lets node_info win', () => {
    const requests = requestsFor(
      [
        "calibration_type: 'max'",
        "calibration_type: 'max'\n  run_on_cpu: 'softmax; stem'\n  run_on_bpu: scores",
      ],
      ["march: 'bayes-e'", "march: 'bayes-e'\n  set_node_data_type: {residual: int16}"],
    );
    assert.deepEqual(requests.get('softmax'), { input: 'int16', output: 'int16' });
    assert.deepEqual(requests.get('stem'), { input: 'float', output: 'float' });
    assert.deepEqual(requests.get('scores'), { input: 'int8', output: 'int8' });
    assert.deepEqual(requests.get('residual'), { output: 'int16' });
  });

  it('reads optimization for all nodes and for a kind of them', () => {
    const all = requestsFor([
      "calibration_type: 'max'",
      "calibration_type: 'max'\n  optimization: set_all_nodes_int16",
    ]);
    assert.deepEqual(all.get('stem'), { input: 'int16', output: 'int16' });
    assert.deepEqual(all.get('scores'), { input: 'int16', output: 'int16' });
    assert.equal(all.get('q_flat'), undefined, 'layout follows by itself');
    const kind = requestsFor([
      "calibration_type: 'max'",
      "calibration_type: 'max'\n  optimization: set_MatMul_input_int8,set_MatMul_output_int16",
    ]);
    assert.deepEqual(kind.get('scores'), { input: 'int8', output: 'int16' });
    assert.deepEqual(kind.get('mixed'), { input: 'int8', output: 'int16' });
    assert.equal(kind.get('stem'), undefined);
  });

  it('names every unknown node with its line', () => {
    assertRefused(
      () =>
        requestsFor(
          ["    'softmax'", "    'softmx'"],
          ["calibration_type: 'max'", "calibration_type: 'max'\n  run_on_cpu: 'nowhere; stem'"],
        ),
      'BAD_CONFIG',
      /a\.yaml has 2 problems: line 6: model_parameters\.node_info: the model has no node softmx \(nearest: softmax\); line 17: calibration_parameters\.run_on_cpu: the model has no node nowhere/,
    );
  });

  it('keeps the outputs float unless the configuration wants numbers of the BPU', () => {
    const { config } = parseMakertbinConfig(attentionConfig(), 'a.yaml');
    assert.equal(modelOutputPrecision(config), 'float');
    const numbers = parseMakertbinConfig(
      attentionConfig([
        ["calibration_type: 'max'", "calibration_type: 'max'\n  optimization: set_model_output_int8"],
      ]),
      'a.yaml',
    );
    assert.equal(modelOutputPrecision(numbers.config), 'int8');
  });
});
