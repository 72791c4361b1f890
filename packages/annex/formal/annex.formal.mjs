// What is searched: scenarios in which nothing may be found, and the same with a check dropped, in which it must be.
import { SCENARIOS } from './scenarios.mjs';
import { search } from './search.mjs';

/** What is dropped, where, and what must then be found; without a `finds` nothing may be, for something else still holds. */
const DROPPED = [
  { without: ['isNamed'], in: 'Needham and Schroeder, with the answerer named', finds: 'secrecy' },
  { without: ['slot'], in: 'Alice calls Bob', finds: 'agreement' },
  { without: ['slot'], in: 'Alice calls Bob', finds: 'secrecy' },
  { without: ['signature'], in: 'Alice calls Bob', finds: 'agreement' },
  { without: ['signature'], in: 'Alice calls Bob', finds: 'secrecy' },
  { without: ['contexts'], in: 'the identities sign elsewhere too', finds: 'agreement' },
  { without: ['transcriptSigned'], in: 'Alice calls Bob', finds: 'agreement' },
  { without: ['transcriptSigned'], in: 'Alice calls Bob and Eve', finds: 'agreement' },
  { without: ['peerChecked'], in: 'Alice calls Bob', finds: 'agreement' },
  { without: ['prologue'], in: 'the attacker does not know whom Bob answers as', finds: 'secrecy' },
  { without: ['prologue'], in: 'Alice calls Bob and Eve' },
  { without: ['verifiedFirst'], in: 'the attacker does not know who calls Bob', finds: 'secrecy' },
  { without: ['ephemeral'], in: 'all identity keys are stolen at some moment', finds: 'secrecy' },
  { without: ['fin', 'sealed', 'root'], in: 'Alice calls Bob', finds: 'unknown key share' },
  { without: ['sealed', 'root'], in: 'Alice calls Bob and Eve' },
  { without: ['fin', 'root'], in: 'Alice calls Bob and Eve' },
  { without: ['fin', 'sealed'], in: 'Alice calls Bob and Eve' },
  { without: ['fin'], in: 'Alice calls Bob and Eve' },
  { without: ['directions'], in: 'Alice calls Bob', finds: 'agreement' },
  { without: ['roles'], in: 'Alice calls Bob', finds: 'nonce reuse' },
  { without: ['tombstones'], in: 'messages come again', finds: 'nonce reuse' },
  { without: ['onceConfirmed'], in: 'Alice calls Bob', finds: 'nonce reuse' },
  { without: ['keySigned'], in: 'session state is stolen, then two turns', finds: 'agreement' },
  { without: ['keySigned'], in: 'session state is stolen, then two turns', finds: 'secrecy' },
  { without: ['textSigned'], in: 'session state is stolen, then two turns', finds: 'agreement' },
  { without: ['textSigned'], in: 'session state is stolen, then two turns', finds: 'secrecy' },
  { without: ['fresh'], in: 'session state is stolen, then two turns', finds: 'secrecy' },
  { without: ['transcript'], in: 'two sessions are stolen, then a turn in each', finds: 'agreement' },
  { without: ['epoch', 'kind'], in: 'two sessions are stolen, then a turn in each' },
  { without: ['named'], in: 'session state is stolen, then two turns', finds: 'agreement' },
  { without: ['named'], in: 'session state is stolen, then two turns', finds: 'secrecy' },
  { without: ['named', 'claimed'], in: 'session state is stolen, then two turns' },
  { without: ['erased'], in: 'a chain is stolen', finds: 'secrecy' },
  { without: ['binder'], in: 'a ticket, and its REOPEN comes again', finds: 'agreement' },
  { without: ['once'], in: 'a ticket, and its REOPEN comes again', finds: 'injectivity' },
  { without: ['psk'], in: 'a ticket, and its REOPEN comes again', finds: 'agreement' },
  { without: ['psk'], in: 'a ticket, and its REOPEN comes again', finds: 'secrecy' },
  {
    without: ['kem'],
    in: 'a ticket, and it and all identity keys are stolen at some moment',
    finds: 'secrecy',
  },
  { without: ['kem'], in: 'who has the ticket only listens', finds: 'secrecy' },
  { without: ['unstolen'], in: 'a ticket, and its REOPEN comes again', finds: 'agreement' },
  { without: ['unstolen'], in: 'a ticket, and its REOPEN comes again', finds: 'secrecy' },
  { without: ['roles'], in: 'a ticket, and its REOPEN comes again', finds: 'nonce reuse' },
  { without: ['directions'], in: 'a ticket, and its REOPEN comes again', finds: 'agreement' },
  { without: ['prologue'], in: 'both call with one ticket', finds: 'agreement' },
  { without: ['prologue'], in: 'Eve has tickets of both', finds: 'unknown key share' },
  { without: ['fin', 'sealed'], in: 'a ticket, and its REOPEN comes again', finds: 'agreement' },
  { without: ['fin'], in: 'a ticket beside a full call' },
  { without: ['sealed'], in: 'a ticket, and its REOPEN comes again' },
];

function searchWithout(name, without, finds) {
  const { make, rules } = SCENARIOS[name];
  for (const rule of without) if (!(rule in rules)) throw new Error(`there is no rule ${rule}`);
  const startMs = performance.now();
  const result = search(
    make({ ...rules, ...Object.fromEntries(without.map((rule) => [rule, false])) }),
    finds,
  );
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  return { ...result, told: `${result.states} states, ${seconds} s` };
}

/** Prints each run; answers how many ended as they must not. */
function run({ log }) {
  let problems = 0;
  const missing = new Set([
    'A accepts the answer',
    'B accepts A',
    'A is established',
    'a turn is concluded',
    'a turn is confirmed',
    'an EK is taken',
    'B takes a ticket',
    'A accepts a reanswer',
    'B accepts A again',
  ]);
  log('As it is:');
  for (const name of Object.keys(SCENARIOS)) {
    const { found, reached, told } = searchWithout(name, []);
    for (const claim of reached) missing.delete(claim);
    log(`  ${found === undefined ? 'holds' : 'BROKEN'}: ${name} (${told})`);
    if (found === undefined) continue;
    problems += 1;
    for (const line of [found.what, ...found.trail]) log(`      ${line}`);
  }
  for (const claim of missing) log(`  NEVER REACHED: ${claim}`);
  problems += missing.size;
  log('With checks dropped:');
  for (const { without, in: name, finds } of DROPPED) {
    const { found, told } = searchWithout(name, without, finds);
    const isExpected = (found !== undefined) === (finds !== undefined);
    log(
      `  ${isExpected ? '' : 'UNEXPECTED: '}without ${without.join(', ')}: ${found?.what ?? 'nothing found'} (${name}; ${told})`,
    );
    for (const line of found?.trail ?? []) log(`      ${line}`);
    if (!isExpected) problems += 1;
  }
  return problems;
}

export default { name: 'annex', run };
