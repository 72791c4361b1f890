/**
 * Attacks over real sockets on a node under a guard: for tests of guards, on Node.
 *
 * @packageDocumentation
 */
export type { HostileExpect, HostileExpectation, HostileRunner, HostileSubject } from './hostile-runner.js';
export { ATTACKS_MIN, hostileSuite } from './hostile-suite.js';
