import { expect, test } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Server } from 'node:http';
import {
  DETAINED_MAX,
  DETAINED_PER_ADDRESS_MAX,
  Lobby,
  LOBBY_MAX,
  LOBBY_PER_ADDRESS_MAX,
} from '../src/sockets/ws-lobby.js';
import { openDoor } from './testing-world.js';

/** What the lobby uses of a TCP socket. */
class Connection extends EventEmitter {
  readonly remoteAddress: string | undefined;
  isCut = false;
  isPaused = false;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    this.isCut = true;
    this.emit('close');
  }

  pause(): void {
    this.isPaused = true;
  }

  resetAndDestroy(): void {
    this.destroy();
  }
}

function lobbyOf(isAdmitted = (_address: string): boolean => true) {
  const server = new EventEmitter();
  const door = {
    ...openDoor(() => ({ message: () => undefined, close: () => undefined })),
    admits: isAdmitted,
  };
  const lobby = new Lobby(door);
  lobby.watch(server as unknown as Server);
  const arrive = (address: string | undefined): Connection => {
    const connection = new Connection(address);
    server.emit('connection', connection);
    return connection;
  };
  return { lobby, arrive };
}

test('a connection that was reset before it was accepted is dropped, and nobody is asked about it', () => {
  const asked: string[] = [];
  const { lobby, arrive } = lobbyOf((address) => asked.push(address) > 0);
  expect(arrive(undefined).isCut).toBe(true);
  expect([asked, lobby.size]).toEqual([[], 0]);
});

test('D1: the addresses of one IPv6 /64 share one allowance of idle connections', () => {
  const { lobby, arrive } = lobbyOf();
  const all = Array.from({ length: LOBBY_PER_ADDRESS_MAX + 5 }, (_, index) =>
    arrive(`2001:db8::${index.toString(16)}`),
  );
  expect(all.filter(({ isCut }) => isCut)).toHaveLength(5);
  expect(arrive('2001:db8:0:1::1').isCut).toBe(false);
  expect(lobby.size).toBe(LOBBY_PER_ADDRESS_MAX + 1);
});

test('when the lobby is full, the connection that has waited longest is cut for the newcomer', () => {
  const { lobby, arrive } = lobbyOf();
  const [oldest, ...others] = Array.from({ length: LOBBY_MAX }, (_, index) =>
    arrive(`198.51.${index % 256}.${index >> 8}`),
  );
  const newcomer = arrive('203.0.113.1');
  expect([oldest?.isCut, newcomer.isCut, others.some(({ isCut }) => isCut)]).toEqual([true, false, false]);
  expect(lobby.size).toBe(LOBBY_MAX);
});

test('what becomes a WebSocket or goes away makes room', () => {
  const { lobby, arrive } = lobbyOf();
  const connections = Array.from({ length: LOBBY_PER_ADDRESS_MAX }, () => arrive('198.51.100.1'));
  for (const connection of connections.slice(0, 2)) lobby.leave(connection);
  connections[2]?.destroy();
  expect(lobby.size).toBe(LOBBY_PER_ADDRESS_MAX - 3);
  expect([1, 2, 3, 4].map(() => arrive('198.51.100.1').isCut)).toEqual([false, false, false, true]);
});

test('a connection of a banned address is left waiting, unread, and takes no place in the lobby', () => {
  const { lobby, arrive } = lobbyOf((address) => address !== '198.51.100.1');
  const { isPaused, isCut } = arrive('198.51.100.1');
  expect([isPaused, isCut, lobby.size]).toEqual([true, false, 0]);
  lobby.close();
});

test('banned addresses can have so many connections wait, and further ones are reset at once', () => {
  const { lobby, arrive } = lobbyOf(() => false);
  const ofOne = Array.from({ length: DETAINED_PER_ADDRESS_MAX + 1 }, () => arrive('198.51.100.1'));
  expect(ofOne.map(({ isCut }) => isCut)).toEqual([...ofOne.slice(1).map(() => false), true]);
  const others = Array.from({ length: DETAINED_MAX }, (_, index) =>
    arrive(`203.0.${index >> 8}.${index & 255}`),
  );
  expect(others.filter(({ isCut }) => isCut)).toHaveLength(DETAINED_PER_ADDRESS_MAX);
  lobby.close();
  expect([...ofOne, ...others].every(({ isCut }) => isCut)).toBe(true);
});

test('whoever waits when the listener closes is cut: the server would wait for a request that nobody writes', () => {
  const { lobby, arrive } = lobbyOf();
  const connections = [arrive('198.51.100.1'), arrive('198.51.100.2')];
  lobby.close();
  expect([connections.map(({ isCut }) => isCut), lobby.size]).toEqual([[true, true], 0]);
});
