// Checks a second of the rate limiter: for addresses and nodes it has seen, and for ones it never saw.
import { addressKeys, ConnectionRateLimiter, SubnetDiversity, trustedProxies } from '../dist/index.js';

/** Addresses that come again and again. */
const SEEN = 1_000;
/** Addresses that come once: more than the limiter has room for, so that places change hands. */
const NEW = 200_000;
const SEEN_ROUNDS = 500;

const ipv4 = (index) => `${11 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}.7`;
const ipv6 = (index) => `2a02:${(index >> 8).toString(16)}:${(index & 255).toString(16)}:1::9`;
const list = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** How often a second of processor time, the garbage collector's included, the work was done for all items, some times over. */
function rate(items, rounds, work) {
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round++) for (const item of items) work(item);
  const { user, system } = process.cpuUsage(start);
  return (items.length * rounds * 1e6) / (user + system);
}

/** Cases as [name, () => rate]; each makes a limiter of its own, so that no run profits from the one before. */
function cases() {
  const families = [
    ['IPv4', ipv4],
    ['IPv6', ipv6],
  ].flatMap(([family, make]) => {
    const [seen, fresh] = [list(SEEN, make), list(NEW, make)];
    return [
      [
        `connections of ${family} addresses seen, admitted`,
        () => {
          const limiter = new ConnectionRateLimiter({ maxConnectionsPerMinute: 1_000_000 });
          let nowMs = 0;
          return rate(seen, SEEN_ROUNDS, (address) => limiter.checkConnection(address, (nowMs += 0.001)));
        },
      ],
      [
        `connections of ${family} addresses seen, banned`,
        () => {
          const limiter = new ConnectionRateLimiter();
          let nowMs = 0;
          return rate(seen, SEEN_ROUNDS, (address) => limiter.checkConnection(address, (nowMs += 0.001)));
        },
      ],
      [
        `connections of new ${family} addresses, with room for them`,
        () => {
          const limiter = new ConnectionRateLimiter();
          let nowMs = 0;
          return rate(fresh, 1, (address) => limiter.checkConnection(address, (nowMs += 10)));
        },
      ],
      [
        `connections of new ${family} addresses, all at once`,
        () => {
          const limiter = new ConnectionRateLimiter();
          return rate(fresh, 1, (address) => limiter.checkConnection(address, 0));
        },
      ],
      [`keys of ${family} addresses seen`, () => rate(seen, SEEN_ROUNDS, addressKeys)],
    ];
  });
  const nodes = list(SEEN, (index) => `yak1${String(index).padStart(58, 'q')}`);
  const proxies = trustedProxies(['10.0.0.0/8']);
  const request = { headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.9, 10.0.0.2' } };
  return [
    ...families,
    [
      'messages of nodes seen',
      () => {
        const limiter = new ConnectionRateLimiter();
        let nowMs = 0;
        return rate(nodes, SEEN_ROUNDS, (nodeId) => limiter.checkMessage(nodeId, (nowMs += 0.05)));
      },
    ],
    [
      'client addresses behind a proxy',
      () => rate(nodes, SEEN_ROUNDS / 5, () => proxies.clientAddress('10.0.0.1', request)),
    ],
    [
      'subnets asked, counted and released',
      () => {
        const subnets = new SubnetDiversity();
        return rate(list(SEEN, ipv4), SEEN_ROUNDS, (address) => {
          if (subnets.allowConnection(address).allowed) subnets.addConnection(address);
          subnets.removeConnection(address);
        });
      },
    ],
  ];
}

export default {
  name: 'rate limits of @yakmesh/defense',
  async run({ runs, median, spread, log }) {
    return cases().map(([name, sample]) => {
      log(`  ${name}`);
      // Once for the compiler.
      sample();
      const values = Array.from({ length: runs }, sample);
      return { name, value: median(values), unit: '/s', spread: spread(values) };
    });
  },
};
