/**
 * The ready-made YAKMESH node: `createNode()` puts the packages together, identity files keep who it is, and
 * `codebaseFingerprint()` says what code it runs.
 *
 * @packageDocumentation
 */
export { createNode, type YakmeshNode } from './create-node.js';
export type { NodeOptions } from './options.js';
export { ConfigError, NodeArgumentError, NodeError, type NodeErrorCode } from './errors.js';
export {
  loadIdentity,
  readIdentitySummary,
  saveIdentity,
  type IdentityFileOptions,
  type IdentityFileSummary,
} from './identity-file.js';
export {
  codebaseFingerprint,
  describeCodebase,
  type Codebase,
  type CodebaseOptions,
  type CodebasePart,
} from './codebase-fingerprint.js';
export { examine, type DoctorLimit, type DoctorPool, type DoctorReport } from './doctor.js';
export { openStore, type EmbeddedStore } from './store/embedded-store.js';
