// Megabytes of JSON a second, ours beside the engine's own, and messages validated a second.
import { fileURLToPath } from 'node:url';
import { MessageValidator, SafeJsonParser } from '../dist/index.js';

/** Long enough that the clock's grain and one garbage collection do not show. */
const SAMPLE_MS = 200;
const WARM_UP_MS = 50;

const gossip = {
  type: 'listing:update',
  id: 'a'.repeat(32),
  data: { title: 'Yak wool, 2 kg', price: 12.5, tags: ['wool', 'yak', 'grey'], active: true, note: null },
  seller: { name: 'Tenzin', rating: 4.8 },
};
const peers = Array.from({ length: 1_500 }, (_, index) => ({
  id: index,
  name: `peer ${index}`,
  endpoint: `wss://10.0.0.${index % 256}:9001/`,
  rttMs: index / 7,
  tags: ['a', 'b'],
}));
const numbers = Array.from({ length: 20_000 }, (_, index) => index * 1.37);
const texts = {
  'gossip of 0.2 KB': JSON.stringify(gossip),
  'list of 150 KB': JSON.stringify(peers),
  'numbers of 270 KB': JSON.stringify(numbers),
  'one string of 480 KB': JSON.stringify({ data: 'QUJDREVG'.repeat(60_000) }),
  'escapes of 300 KB': JSON.stringify({ data: 'a"\n\\'.repeat(43_000) }),
};

/** Calls the work for a while and answers how often a second it went. */
function rate(work) {
  const time = (ms) => {
    const startMs = performance.now();
    let count = 0;
    for (; performance.now() - startMs < ms; count++) work();
    return (count * 1_000) / (performance.now() - startMs);
  };
  time(WARM_UP_MS);
  return time(SAMPLE_MS);
}

function must(result) {
  if (result.success !== true && result.valid !== true) throw new Error(`refused: ${JSON.stringify(result)}`);
}

function parsing() {
  const parser = new SafeJsonParser();
  return Object.entries(texts).flatMap(([what, text]) => {
    const bytes = new TextEncoder().encode(text);
    must(parser.parse(text));
    const megabytes = (work) => () => (rate(work) * bytes.length) / 1e6;
    return [
      [`SafeJsonParser, ${what}`, 'MB/s', megabytes(() => parser.parse(text))],
      [`SafeJsonParser, ${what} as bytes`, 'MB/s', megabytes(() => parser.parse(bytes))],
      [`JSON.parse, ${what}`, 'MB/s', megabytes(() => JSON.parse(text))],
      [`JSON.parse with a reviver, ${what}`, 'MB/s', megabytes(() => JSON.parse(text, (_, value) => value))],
    ];
  });
}

function validating() {
  const schema = {
    type: 'object',
    required: { type: { type: 'string', maxLength: 64 }, id: { type: 'string', format: 'hex' } },
    optional: {
      data: { type: 'object', required: { title: { type: 'string', maxLength: 256 } }, additional: true },
      seller: { type: 'map', values: { type: 'any' } },
    },
  };
  const validator = new MessageValidator({ types: { offer: { maxBytes: 4_096, schema } } });
  const raw = texts['gossip of 0.2 KB'];
  for (const type of ['gossip', 'offer']) must(validator.validateStructure(gossip, type));
  must(validator.validateStructure(peers, 'data'));
  return [
    ['validateRaw, gossip of 0.2 KB', '/s', () => rate(() => validator.validateRaw(raw, 'gossip'))],
    [
      'validateStructure, gossip of 0.2 KB',
      '/s',
      () => rate(() => validator.validateStructure(gossip, 'gossip')),
    ],
    [
      'validateStructure, the same by a schema',
      '/s',
      () => rate(() => validator.validateStructure(gossip, 'offer')),
    ],
    ['validateStructure, list of 150 KB', '/s', () => rate(() => validator.validateStructure(peers, 'data'))],
  ];
}

async function measure({ runs, median, spread, log }) {
  const results = [];
  for (const [name, unit, sample] of [...parsing(), ...validating()]) {
    log(`  ${name}`);
    const values = Array.from({ length: runs }, sample);
    results.push({ name, value: median(values), unit, spread: spread(values) });
  }
  return results;
}

export default { name: 'validation of @yakmesh/defense', run: measure };

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { median, spread } = await import('../../../tools/statistics.mjs');
  console.table(await measure({ runs: 3, median, spread, log: () => undefined }), ['name', 'value', 'unit']);
}
