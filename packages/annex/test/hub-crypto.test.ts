import { expect, test } from '@jest/globals';
import { Identity, type PoolVerifyOptions } from '@yakmesh/crypto';
import type { ProtocolPort } from '@yakmesh/core/transport';
import { HubCrypto } from '../src/hub-crypto.js';

const identity = await Identity.generate();
const bytes = Uint8Array.of(1);

test.each([
  { whose: 'a caller’s', isStrangers: true, priority: 'low' },
  { whose: 'a peer’s', isStrangers: false, priority: 'normal' },
])('$whose signature is verified with a $priority priority', async ({ isStrangers, priority }) => {
  const asked: PoolVerifyOptions[] = [];
  const workers = {
    verify: async (...[, , , , options = {}]: Parameters<ProtocolPort['workers']['verify']>) => {
      asked.push(options);
      return true;
    },
  };
  const crypto = new HubCrypto({ workers } as unknown as ProtocolPort, identity);
  const job = { publicKey: bytes, message: bytes, signature: bytes, context: bytes, isStrangers };
  expect(await crypto.jobs({ type: 'verify', ...job })).toEqual({ type: 'verify', valid: true });
  expect(asked).toEqual([{ priority }]);
});
