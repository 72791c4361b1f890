import { expect, test } from '@jest/globals';
import type { MeshNetwork } from '@yakmesh/core';
import { MeshError, type SendOptions } from '@yakmesh/core';
import { Identity, type NodeId } from '@yakmesh/crypto';
import type { CallContext } from '../../src/control/control-connection.js';
import type { NodeStatus } from '../../src/control/control-protocol.js';
import { controlCalls } from '../../src/running/control-calls.js';
import { payloadJson } from '../../src/running/payload-json.js';

const context: CallContext = { signal: new AbortController().signal, tell: () => true };

function callsOf(mesh: Partial<MeshNetwork>): (method: string, params?: object) => Promise<unknown> {
  const status = (): NodeStatus => ({ pid: 1 }) as NodeStatus;
  const handler = controlCalls({ mesh: mesh as MeshNetwork, status, stop: async () => undefined });
  return async (method, params = {}) =>
    handler({ id: 1, method, params: params as Record<string, never> }, context);
}

test('a wish for an acknowledgement reaches the mesh, and so does its answer', async () => {
  const { nodeId } = await Identity.generate();
  const asked: SendOptions[] = [];
  const sendTo = async (via: NodeId, _message: unknown, options: SendOptions = {}) => {
    asked.push(options);
    return { id: '00', via, acknowledged: options.ack === true };
  };
  const call = callsOf({ sendTo });
  expect(await call('send', { to: nodeId, payload: 'x', ack: true })).toMatchObject({
    acknowledged: true,
    via: nodeId,
  });
  expect(await call('send', { to: nodeId, payload: 'x' })).toMatchObject({ acknowledged: false });
  expect(asked.map(({ ack }) => ack)).toEqual([true, undefined]);
});

test('what the mesh rejects with is the answer, code and all', async () => {
  const { nodeId } = await Identity.generate();
  const call = callsOf({ sendTo: () => Promise.reject(new MeshError('MESH_UNREACHABLE', 'not yet')) });
  await expect(call('send', { to: nodeId, payload: 1, ack: true })).rejects.toMatchObject({
    code: 'MESH_UNREACHABLE',
  });
});

test.each([
  ['dance', {}, /knows status, peers, join, send, put, get, listen, stop/],
  ['toString', {}, /knows no toString/],
  ['join', { endpoint: 7 }, /join takes/],
  ['send', {}, /send takes/],
  ['send', { payload: 1, to: 'yak1' }, /62 characters/],
  ['send', { payload: 1, ack: 'yes' }, /true or false/],
  ['put', { collection: 'a', key: 'b' }, /put takes/],
  ['put', { collection: 'a', key: 7, value: 1 }, /put takes/],
  ['get', { collection: 'a' }, /get takes/],
])('the call %s of %j is refused', async (method, params, message) => {
  await expect(callsOf({})(method, params)).rejects.toMatchObject({
    code: 'NODE_CONTROL_BAD_REQUEST',
    message: expect.stringMatching(message),
  });
});

test('what JSON has no word for is told in words', () => {
  const payload = { bytes: Uint8Array.of(1, 2), large: 2n ** 60n, list: [null, true, 'x', 1.5] };
  expect(payloadJson(payload)).toEqual({
    bytes: { $bytes: 'AQI=' },
    large: { $integer: '1152921504606846976' },
    list: [null, true, 'x', 1.5],
  });
  expect(payloadJson(undefined)).toBeNull();
});
