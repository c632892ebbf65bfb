import assert from 'node:assert/strict';
import { isAllowedHost } from '../../../src/web/LivePage.js';

describe('isAllowedHost', () => {
  const names = ['robot', '127.0.0.1'];

  for (const host of [
    'localhost',
    'localhost:8080',
    '127.0.0.1:8080',
    '192.168.1.7',
    '[::1]:8080',
    'robot:8080',
    'ROBOT.local',
    'robot.local.:80',
  ]) {
    it(`takes ${host}`, () => assert.equal(isAllowedHost(host, names), true));
  }

  for (const host of [
    undefined,
    '',
    'evil.example',
    'localhost.evil.example:8080',
    '127.0.0.1.evil.example',
    'robot.evil.example',
    'robot:8080:1',
    '[::1',
    'a@127.0.0.1',
  ]) {
    it(`refuses ${host}`, () => assert.equal(isAllowedHost(host, names), false));
  }
});
