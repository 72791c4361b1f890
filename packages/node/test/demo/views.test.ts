import { expect, test } from '@jest/globals';
import { encodeNodeId, type NodeId } from '@yakmesh/crypto';
import type { MemberStatus } from '../../src/demo/fleet.js';
import { isConnected, linksOfAll, mutualLinks } from '../../src/demo/links.js';
import { LineView } from '../../src/demo/line-view.js';
import { LiveView } from '../../src/demo/live-view.js';
import { tableLines } from '../../src/demo/table.js';
import { duration, shortId, shown } from '../../src/demo/text.js';

const ids = [1, 2, 3].map((byte) => encodeNodeId(new Uint8Array(32).fill(byte)));
const idOf = (number: number): NodeId => ids[number - 1] ?? encodeNodeId(new Uint8Array(32));

function row(number: number, peers: readonly number[], rttMs?: number): MemberStatus {
  const endpoint = 'ws://127.0.0.1:65535';
  const links = peers.map((peer) => ({ nodeId: idOf(peer), rttMs }));
  return { number, nodeId: idOf(number), endpoint, peers: links, messages: 7 };
}

test('only links that both ends list count, each once', () => {
  const rows = [row(1, [2, 3]), row(2, [1]), row(3, [])];
  expect(mutualLinks(rows).map((link) => [...link].sort())).toEqual([[idOf(1), idOf(2)].sort()]);
});

test('a mesh in two pieces is not connected, and a chain is', () => {
  const chain = mutualLinks([row(1, [2]), row(2, [1, 3]), row(3, [2])]);
  expect([isConnected(ids, chain), isConnected(ids, chain.slice(1)), linksOfAll(5)]).toEqual([
    true,
    false,
    10,
  ]);
});

test('the table has a line for each node, and says what is not known yet', () => {
  const [heading, first, second] = tableLines([row(1, [2, 3], 1.25), { number: 2, peers: [], messages: 0 }]);
  expect(heading).toMatch(/node +id +endpoint +peers +rtt +messages/);
  expect(first).toMatch(/^ +1 +yak1\S+…\S{4} +ws:\/\/127.0.0.1:65535 +2 +1.3 ms +7$/);
  expect(second).toMatch(/^ +2 +starting …$/);
});

test('text of others cannot repaint a terminal, and a long one is cut', () => {
  expect(shown('a\u001b[2J\u202eb\nc')).toBe('a�[2J�b�c');
  expect(shown('yak 🐃')).toBe('yak 🐃');
  expect(shown('x'.repeat(300))).toBe(`${'x'.repeat(200)}… (cut)`);
});

test('durations and ids are short', () => {
  expect([duration(0.844), duration(12.34), duration(1_250)]).toEqual(['0.84 ms', '12.3 ms', '1.25 s']);
  expect(shortId(idOf(1)).length).toBe(14);
});

class FakeTerminal {
  readonly columns = 40;
  readonly rows = 8;
  written: string[] = [];
  write(text: string): void {
    this.written.push(text);
  }
}

test('the live view paints over exactly the lines that it painted, none wider or more than the terminal', () => {
  const terminal = new FakeTerminal();
  const view = new LiveView(terminal, true);
  view.began('handshake');
  view.status([row(1, [2]), row(2, [1])]);
  view.finished({
    name: 'handshake',
    ok: true,
    ms: 12,
    detail: 'so many words that they need more than one line '.repeat(4),
  });
  let before = 0;
  for (const text of terminal.written) {
    const [, ups = '', body = ''] = /^((?:\u001b\[A)*)\r\u001b\[0J([^]*)$/u.exec(text) ?? [];
    expect(ups.length / 3).toBe(before);
    const lines = body.split('\n').slice(0, -1);
    before = lines.length;
    expect(lines.length).toBeLessThan(terminal.rows);
    for (const line of lines)
      expect(line.replaceAll(/\u001b\[\d+m/gu, '').length).toBeLessThan(terminal.columns);
  }
});

test('once released the live view leaves alone what stands above', () => {
  const terminal = new FakeTerminal();
  const view = new LiveView(terminal, false);
  view.status([row(1, [])]);
  view.release();
  terminal.written = [];
  view.began('stop');
  expect(terminal.written).toEqual(['\r\u001b[0J…     stop\n']);
});

test('the line view prints a line for each step, and the table when the person takes over', () => {
  const lines: string[] = [];
  const view = new LineView((line) => lines.push(line));
  view.began('gossip');
  view.status([row(1, [])]);
  view.finished({ name: 'gossip', ok: false, ms: 3, detail: 'why' });
  view.release();
  expect(lines.slice(0, 2)).toEqual(['gossip …', 'FAIL  gossip  3.00 ms  why']);
  expect(lines.length).toBe(4);
});
