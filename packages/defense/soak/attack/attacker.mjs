// The attacking process: twenty sockets at twenty addresses, each at full speed. A lane whose connection was ended opens
// the next one at once.
import { xWing } from '@yakmesh/crypto';
import { networkHash } from '../../../core/dist/network-hash.js';
import { neighbourAttacks, party } from './neighbour-attacks.mjs';
import { answer } from './processes.mjs';
import { strangerAttacks } from './stranger-attacks.mjs';
import { Wire } from './wire.mjs';

const LANES = 20;
const FIRST_ADDRESS = 2;

let isRunning = false;
let lanes = [];
let cpu = process.cpuUsage();

class Lane {
  #number;
  #attack;
  #shared;
  #current;
  #sequence = 0;
  #isDone;
  name;
  /** How many attempts ended how. */
  ends = {};

  constructor(number, [name, attack], shared) {
    this.#number = number;
    this.name = name;
    this.#attack = attack;
    this.#shared = shared;
    this.address = `127.0.0.${FIRST_ADDRESS + number}`;
  }

  get url() {
    return this.#shared.url;
  }

  get network() {
    return this.#shared.network;
  }

  get kemKey() {
    return this.#shared.kemKey;
  }

  wire() {
    return this.opened(new Wire({ port: Number(new URL(this.url).port), address: this.address }));
  }

  /** Told of each connection, so that the lane's last one can be dropped. */
  opened(connection) {
    this.#current = connection;
    if (!isRunning) this.#drop();
    return connection;
  }

  /** An identity for one link: new ones cost nothing. */
  party() {
    return party();
  }

  /** The first of `count` sequence numbers that were not used yet. */
  sequence(count) {
    const first = this.#sequence;
    this.#sequence += count;
    return first;
  }

  start() {
    this.#isDone = this.#run();
  }

  async stop() {
    this.#drop();
    await this.#isDone;
  }

  #drop() {
    this.#current?.reset?.();
    this.#current?.terminate?.();
  }

  async #run() {
    while (isRunning) {
      const end = await this.#attack(this).catch((error) => `our own fault: ${error.stack}`);
      this.ends[end] = (this.ends[end] ?? 0) + 1;
    }
  }
}

answer({
  async start({ url, networkId }) {
    const kemKey = (await xWing.generate()).publicKey;
    const network = networkHash(xWing.suite, { networkId, networkFingerprint: null });
    const attacks = Object.entries({ ...neighbourAttacks, ...strangerAttacks });
    isRunning = true;
    cpu = process.cpuUsage();
    lanes = Array.from({ length: LANES }, (_, number) => {
      return new Lane(number, attacks[number % attacks.length], { url, network, kemKey });
    });
    for (const lane of lanes) lane.start();
    return {};
  },

  async stop() {
    const { user, system } = process.cpuUsage(cpu);
    isRunning = false;
    await Promise.all(lanes.map((lane) => lane.stop()));
    return { cpuSeconds: (user + system) / 1e6, lanes: lanes.map(({ name, ends }) => ({ name, ends })) };
  },
});
