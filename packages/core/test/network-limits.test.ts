import { expect, test } from '@jest/globals';
import type { MeshLink, MeshOptions, RateLimiterOptions } from '../src/index.js';
import { memoryMesh, type MemoryMesh } from '../src/testing/index.js';
import { ending } from './support-network/cleanup.js';
import { failure } from './support-network/failure.js';
import { startNode } from './support-network/socket-world.js';

const FAR = '203.0.113.7';

test('with {} an address that is not ours begins five handshakes a minute', async () => {
  const mesh = await limited({});
  expect(await dials(mesh, 6)).toEqual([...ok(5), 'MESH_RATE_LIMITED']);
  await mesh.advance(60_000);
  expect(await dials(mesh, 1)).toEqual(['no error']);
  await mesh.stop();
});

test('a link that has lived 60 s gives its address the allowance back', async () => {
  const mesh = await limited({});
  expect(await dials(mesh, 4)).toEqual(ok(4));
  await mesh.connect(FAR, 'b');
  await mesh.advance(30_000);
  expect(await dials(mesh, 1)).toEqual(['MESH_RATE_LIMITED']);
  await mesh.advance(30_000);
  await closeAll(mesh);
  expect(await dials(mesh, 5)).toEqual(ok(5));
  await mesh.stop();
});

test('with {} ten connections a minute, and then a ban of five minutes', async () => {
  const mesh = await limited({ maxHandshakesPerMinute: 1_000 });
  expect(await dials(mesh, 10)).toEqual(ok(10));
  expect(await dials(mesh, 5)).toEqual(Array.from({ length: 5 }, () => 'MESH_RATE_LIMITED'));
  expect(mesh.node('b').counters.GUARD_CONNECTIONS).toBe(5);
  await mesh.advance(61_000);
  expect(await dials(mesh, 1)).toEqual(['MESH_CONNECT_FAILED']);
  expect(mesh.node('b').counters.GUARD_BANNED).toBe(1);
  await mesh.advance(240_000);
  expect(await dials(mesh, 1)).toEqual(['no error']);
  await mesh.stop();
});

test('other addresses are not affected, but neighbours in the same IPv6 /64 are one', async () => {
  const mesh = await limited({}, ['2001:db8::1', '2001:db8::2', '2001:db8:0:1::1']);
  expect(await dials(mesh, 5, '2001:db8::1')).toEqual(ok(5));
  expect(await dials(mesh, 1, '2001:db8::2')).toEqual(['MESH_RATE_LIMITED']);
  expect(await dials(mesh, 1, '2001:db8:0:1::1')).toEqual(['no error']);
  await mesh.stop();
});

test('the page’s limits can be set: bans as short as asked for', async () => {
  const mesh = await limited({ maxConnectionsPerMinute: 1, banThreshold: 1, banDuration: 1_000 });
  expect(await dials(mesh, 2)).toEqual(['no error', 'MESH_RATE_LIMITED']);
  await mesh.advance(60_500);
  expect(await dials(mesh, 1)).toEqual(['no error']);
  await mesh.stop();
});

test('a guard of the caller’s own is asked instead', async () => {
  const asked: string[] = [];
  const guard: MeshOptions['guard'] = {
    connection: (address) => {
      asked.push(`connection ${address}`);
      return { allowed: true };
    },
    handshake: (address) => {
      asked.push(`handshake ${address}`);
      return { allowed: false, code: 'GUARD_OWN', reason: 'not today', retryAfterMs: 1 };
    },
    message: () => ({ allowed: true }),
    report: () => undefined,
  };
  const mesh = await memoryMesh({ nodes: [FAR, 'b'], options: (name) => (name === 'b' ? { guard } : {}) });
  expect(await mesh.run(failure(mesh.node(FAR).connect(mesh.url('b'))))).toBe('MESH_RATE_LIMITED');
  expect(asked).toEqual([`connection ${FAR}`, `handshake ${FAR}`]);
  expect(mesh.node('b').counters.GUARD_OWN).toBe(1);
  await mesh.stop();
});

test('loopback is exempt with {}, and limited by every key that is set', async () => {
  const [exempt, limitedNode, dialler] = [
    ending(await startNode()),
    ending(await startNode({ rateLimiter: { maxConnectionsPerMinute: 3 } })),
    ending(await startNode()),
  ];
  const codes = async (url: string): Promise<string[]> => {
    const seen: string[] = [];
    for (let dial = 0; dial < 12; dial += 1) seen.push(await failure(dialler.connect(url)));
    return seen;
  };
  expect(await codes(exempt.getPublicEndpoint())).toEqual(ok(12));
  const seen = await codes(limitedNode.getPublicEndpoint());
  expect(seen.slice(0, 3)).toEqual(ok(3));
  expect(seen.slice(3, 8)).toEqual(Array.from({ length: 5 }, () => 'MESH_RATE_LIMITED'));
  // Banned by now: nothing is read of it any more.
  expect(new Set(seen.slice(8))).toEqual(new Set(['MESH_CONNECT_FAILED']));
});

const links: MeshLink[] = [];

function ok(count: number): string[] {
  return Array.from({ length: count }, () => 'no error');
}

/** Node b with limits, and a node at each address. */
async function limited(
  rateLimiter: RateLimiterOptions,
  addresses: readonly string[] = [FAR],
): Promise<MemoryMesh> {
  const options = (name: string): MeshOptions => (name === 'b' ? { rateLimiter } : {});
  const mesh = await memoryMesh({ nodes: [...addresses, 'b'], options });
  links.length = 0;
  for (const node of mesh.nodes) node.on('hello', (_message, link) => void links.push(link));
  return mesh;
}

/** Dials b so often, one after the other, ending each link at once. */
async function dials(mesh: MemoryMesh, count: number, from = FAR): Promise<string[]> {
  const codes: string[] = [];
  for (let dial = 0; dial < count; dial += 1) {
    codes.push(await mesh.run(failure(mesh.node(from).connect(mesh.url('b')))));
    await closeAll(mesh);
  }
  return codes;
}

async function closeAll(mesh: MemoryMesh): Promise<void> {
  for (const link of links.splice(0)) link.close();
  await mesh.advance(10);
}
