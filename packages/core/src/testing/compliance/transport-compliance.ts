import {
  ComplianceWorld,
  type ComplianceRunner,
  type ComplianceSubject,
  type Examine,
} from './compliance-world.js';
import { examineBulkFlows } from './bulk-flow-compliance.js';
import { examineFlows } from './flow-compliance.js';
import { examineFrames } from './frame-compliance.js';
import { examineGates } from './gate-compliance.js';
import { examineMessages } from './message-compliance.js';
import { examinePeers } from './peer-compliance.js';
import { examineProtocols } from './protocol-compliance.js';

/** Each test makes real keys, and one waits for a gate's five seconds. */
const TIMEOUT_MS = 40_000;

/**
 * Registers the tests that every implementation of MeshTransport and ProtocolPort has to pass. Give it the runner's `test`
 * and `expect`, and how to make nodes.
 */
export function transportCompliance({ test, expect }: ComplianceRunner, subject: ComplianceSubject): void {
  const examine: Examine = (name, nodes, run) => {
    test(
      `${subject.name}: ${name}`,
      async () => {
        const world = await subject.create(nodes);
        try {
          await run(new ComplianceWorld(world), expect);
        } finally {
          await world.stop();
        }
      },
      TIMEOUT_MS,
    );
  };
  examineProtocols(examine);
  examineMessages(examine);
  examineGates(examine);
  examineFrames(examine);
  examineFlows(examine);
  examineBulkFlows(examine);
  examinePeers(examine);
}
