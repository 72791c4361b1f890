import type { ProtocolPort } from '@yakmesh/core/transport';
import type { CryptoJobs } from './crypto-job.js';
import type { FlowLine } from './flow-line.js';
import type { HandshakeOutcome } from './handshake/actions.js';
import type { AnnexConfig } from './options.js';
import type { SessionDriver } from './session-driver.js';
import type { Reopen } from './session-ways.js';
import type { CloseCode } from './session/limits.js';

/** What a session runs with. */
export interface SessionDriverOptions {
  readonly port: ProtocolPort;
  readonly jobs: CryptoJobs;
  readonly outcome: HandshakeOutcome;
  readonly config: AnnexConfig;
  readonly line: FlowLine;
  /** Opens a flow with these first bytes; only the initiator knows where to. */
  readonly reopen: Reopen | undefined;
  /** The other end is not wanted, and hears of it under the session's keys. */
  readonly refusal?: CloseCode | undefined;
  /** What others sent that was dropped. */
  readonly count: (code: string) => void;
  readonly ended: (session: SessionDriver, lastWords: Uint8Array | undefined) => void;
}
